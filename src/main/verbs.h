// The verbs of the one program. A verb is a row in v100.cpp's table and a function declared here;
// it gets argv from its own name on, and returns the exit code: 0 yes, 1 said no, 2 could not.
#pragma once

namespace v100 {

struct Verb {
  const char* name;
  const char* summary;  // one line for `v100 --help`
  int (*run)(int argc, char** argv);
};

int run_bench(int argc, char** argv);
int run_serve(int argc, char** argv);
int run_vectors(int argc, char** argv);
int run_load(int argc, char** argv);
int run_key(int argc, char** argv);
int run_sign(int argc, char** argv);
int run_verify(int argc, char** argv);
int run_kem(int argc, char** argv);
int run_match(int argc, char** argv);
int run_attest(int argc, char** argv);
int run_admin(int argc, char** argv);
int run_version(int argc, char** argv);

}  // namespace v100
