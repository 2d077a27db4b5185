// Broken if this fails: where the system has no randomness to give, keys or signatures are made of
// what lay in memory. Each operation meets the failure at each point of its draws, and must end the
// process before it has given anything.
#include <csignal>
#include <cstddef>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memory>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/falcon/falcon.h"
#include "crypto/hybrid/x25519mlkem768.h"
#include "crypto/hybrid/xwing_native.h"
#include "crypto/mldsa/mldsa.h"
#include "crypto/mlkem/mlkem.h"
#include "crypto/slhdsa/slhdsa.h"
#include "io/world.h"
#include "keys/keys.h"

namespace v100 {
namespace {

// From here on getrandom(2) fails in this process.
bool refuse_getrandom() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 38),  // ENOSYS
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {4, program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

// Passes through, and counts bytes; with a limit the source's pool is left with so many.
class Counting final : public Random {
 public:
  explicit Counting(Random& from) : from_(from) {}
  void fill(MutBytes out) override {
    drawn += out.size();
    ++calls;
    from_.fill(out);
  }
  std::size_t drawn = 0;
  int calls = 0;

 private:
  Random& from_;
};

// Leaves exactly `left` bytes in the pool of 1,024 and then takes the source away.
void leave(io::SystemRandom& random, std::size_t left) {
  std::uint8_t one;
  for (std::size_t i = 0; i < 1024 - left; ++i) {
    random.fill({&one, 1});
  }
}

template <class Operation>
void try_with(const char* name, Operation operation) {
  SCOPED_TRACE(name);
  io::SystemRandom source;
  Counting counting(source);
  operation(counting);
  const std::size_t needed = counting.drawn;
  ASSERT_GT(needed, 0U);
  const auto run = [&](std::size_t left) {
    io::SystemRandom random;
    leave(random, left);
    if (!refuse_getrandom()) {
      _exit(78);
    }
    operation(random);
    _exit(7);
  };
  for (const std::size_t left : {std::size_t{0}, std::size_t{1}, needed / 2, needed - 1}) {
    if (left < 900) {
      EXPECT_EXIT(run(left), testing::KilledBySignal(SIGABRT), "got > 0") << left << " bytes left";
    }
  }
  if (needed < 200) {  // all there: it goes through without the source
    EXPECT_EXIT(run(needed), testing::ExitedWithCode(7), "");
  }
}

TEST(NoRandomness, EndsTheProcessBeforeAnythingIsGiven) {
  GTEST_FLAG_SET(death_test_style, "fast");
  const pid_t probe = fork();
  if (probe == 0) {
    _exit(refuse_getrandom() ? 0 : 1);
  }
  int status = 0;
  waitpid(probe, &status, 0);
  if (status != 0) {
    GTEST_SKIP() << "no seccomp here";
  }
  using D = mldsa::Mldsa44;
  using K = mlkem::Mlkem768;
  io::SystemRandom random;
  const auto key = mldsa::PrivateKey<D>::generate(random);
  const auto pair = mlkem::KeyPair<K>::generate(random);
  const auto falcon_key = falcon::PrivateKey<falcon::Falcon512>::generate(random);
  ASSERT_TRUE(falcon_key);
  const xwing::PrivateKey xwing = xwing::PrivateKey::generate(random);
  const x25519mlkem768::Client client(random);
  try_with("ML-DSA keygen", [](Random& r) { (void)mldsa::PrivateKey<D>::generate(r); });
  try_with("ML-DSA sign",
           [&](Random& r) { (void)key.sign(as_bytes("m"), {}, mldsa::Hedge::fresh(r)); });
  try_with("ML-KEM keygen", [](Random& r) { (void)mlkem::KeyPair<K>::generate(r); });
  try_with("ML-KEM encaps", [&](Random& r) { (void)mlkem::encapsulate<K>(pair.ek, r); });
  try_with("SLH-DSA keygen",
           [](Random& r) { (void)slhdsa::PrivateKey<slhdsa::Shake128f>::generate(r); });
  try_with("Falcon keygen",
           [](Random& r) { (void)falcon::PrivateKey<falcon::Falcon512>::generate(r); });
  try_with("Falcon sign",
           [&](Random& r) { (void)falcon_key->sign(as_bytes("m"), falcon::Encoding::padded, r); });
  try_with("X-Wing keygen", [](Random& r) { (void)xwing::PrivateKey::generate(r); });
  try_with("X-Wing encaps", [&](Random& r) { (void)xwing::encapsulate(xwing.public_key(), r); });
  try_with("X25519MLKEM768 client", [](Random& r) { x25519mlkem768::Client made(r); });
  try_with("X25519MLKEM768 server",
           [&](Random& r) { (void)x25519mlkem768::answer(client.share(), r); });
  try_with("keys",
           [](Random& r) { (void)keys::PrivateKey::generate(keys::Algorithm::mldsa65, r); });
}

}  // namespace
}  // namespace v100
