#include "svc/attest/attest.h"

#include "svc/attest/api.h"
#include "svc/problem.h"

namespace v100::attest {

using merkle::Reference;

namespace {

constexpr const char* plain = "text/plain; charset=utf-8";
constexpr std::size_t waiting_max = 4096;  // clients that wait for their leaf's commit

HttpAnswer text_answer(int status, const char* type, std::string_view body, const char* cache) {
  HttpAnswer out{status, type, {}, to_buffer(as_bytes(body))};
  out.headers.emplace_back("cache-control", cache);
  // The log is for everybody, from whatever page.
  out.headers.emplace_back("access-control-allow-origin", "*");
  return out;
}

class Attest final : public Service {
 public:
  Attest(std::unique_ptr<LogKeys> keys, Env env, std::unique_ptr<Files> files,
         merkle::Intake& intake)
      : keys_(std::move(keys)), env_(env), files_(std::move(files)), intake_(intake) {}

  // The writer's thread reads what the log owns: it ends first.
  ~Attest() override { files_.reset(); }
  Attest(const Attest&) = delete;
  Attest& operator=(const Attest&) = delete;

  Result<void> start(LogOptions options) {
    log_ = TRY(Log::open(options, *keys_, env_, *files_, intake_));
    env_.log.write(Level::info, "attest.open",
                   {{"origin", log_->origin()}, {"leaves", log_->committed_size()}});
    if (log_->committed_size() == 0) {
      // The log's first leaf is its own keys: whoever reads it from the start sees them pinned.
      merkle::Leaf leaf =
          key_event(merkle::service_number("attest"), as_bytes(keys_->text()), merkle::Hash{});
      leaf.time = env_.clock.wall();
      TRY(intake_.append(leaf));
    }
    return {};
  }

  void open(Router& router) override {
    router.on("append", [this](Bytes request, Reply reply) { append(request, std::move(reply)); });
    router.on("receipt",
              [this](Bytes request, Reply reply) { receipt(as_text(request), std::move(reply)); });
    router.http("GET", "/v1/attestations/", [this](const HttpRequest& request, HttpReply reply) {
      attestation(request, std::move(reply));
    });
    router.http("GET", "/log/", [this](const HttpRequest& request, HttpReply reply) {
      reply.answer(file(request.path_tail));
    });
  }

  void end_of_turn(Instant now) override { log_->work(now); }
  void tick(Instant now) override {
    if (draining_) {
      drained_ = log_->flush(now);
    } else {
      log_->work(now);
    }
  }
  bool ready() override { return intake_.is_open() || draining_; }
  void drain() override { draining_ = true; }
  void close() override {
    (void)log_->flush(env_.clock.now());
    intake_.give_up({Errc::unavailable, "attest: closed"});
  }

 private:
  void append(Bytes request, Reply reply) {
    Result<Append> wanted = decode_append(request);
    if (!wanted) {
      reply.answer_with(std::unexpected(wanted.error()));
      return;
    }
    if (wanted->leaf.time.value() == 0) {
      wanted->leaf.time = env_.clock.wall();
    }
    const Result<Reference> reference = intake_.append(wanted->leaf);
    if (!reference) {
      reply.answer_with(std::unexpected(reference.error()));
    } else if (!wanted->wait) {
      reply.ok(encode(*reference));
    } else {
      intake_.when_committed(
          reference->sequence,
          [reply = std::move(reply), answer = encode(*reference)](Result<void> result) mutable {
            if (result) {
              reply.ok(std::move(answer));
            } else {
              reply.answer_with(std::unexpected(result.error()));
            }
          });
    }
  }

  void receipt(std::string_view id, Reply reply) {
    const Result<Reference> reference = merkle::parse_reference(id);
    if (!reference) {
      reply.answer_with(std::unexpected(reference.error()));
      return;
    }
    const Result<std::string> text = log_->receipt(*reference);
    if (text) {
      reply.ok(to_buffer(as_bytes(*text)));
    } else {
      reply.answer_with(std::unexpected(text.error()));
    }
  }

  // 200 with the receipt; 202 while the leaf is promised and not yet durable, or, with ?wait=1, the
  // receipt as soon as it is; 404 where the id opens nothing.
  void attestation(const HttpRequest& request, HttpReply reply) {
    const Result<Reference> reference = merkle::parse_reference(request.path_tail);
    if (!reference) {
      reply.answer(problem(reference.error()));
      return;
    }
    if (reference->sequence < log_->committed_size()) {
      reply.answer(receipt_answer(*reference));
    } else if (!log_->opens(*reference)) {
      reply.answer(problem({Errc::not_found, "attest: no such leaf"}));
    } else if (request.query == "wait=1" && waiting_ < waiting_max) {
      ++waiting_;
      intake_.when_committed(
          reference->sequence,
          [this, reference = *reference, reply = std::move(reply)](Result<void> result) mutable {
            --waiting_;
            reply.answer(result ? receipt_answer(reference) : problem(result.error()));
          });
    } else {
      HttpAnswer promised =
          text_answer(202, "application/json", R"({"state":"promised"})", "no-store");
      promised.headers.emplace_back("retry-after", "1");
      reply.answer(std::move(promised));
    }
  }

  HttpAnswer receipt_answer(const Reference& reference) {
    const Result<std::string> text = log_->receipt(reference);
    env_.meter.count("v100_attest_receipts_total", text ? R"(given="yes")" : R"(given="no")", 1);
    return text ? text_answer(200, plain, *text, "private, max-age=86400") : problem(text.error());
  }

  HttpAnswer file(std::string_view path) {
    const std::string prefix = std::to_string(intake_.shard()) + "/";
    if (!path.starts_with(prefix)) {
      return problem({Errc::not_found, "attest: no such log"});
    }
    path.remove_prefix(prefix.size());
    const Result<Buffer> content = log_->public_file(path);
    if (!content) {
      return problem(content.error());
    }
    const bool tile = path.starts_with("tile/");
    return text_answer(200, tile ? "application/octet-stream" : plain, as_text(*content),
                       tile                   ? "public, max-age=31536000, immutable"
                       : path == "checkpoint" ? "no-cache"
                                              : "public, max-age=60");
  }

  const std::unique_ptr<LogKeys> keys_;
  Env env_;
  std::unique_ptr<Files> files_;
  merkle::Intake& intake_;
  std::unique_ptr<Log> log_;
  std::size_t waiting_ = 0;
  bool draining_ = false, drained_ = false;
};

}  // namespace

Result<std::unique_ptr<Service>> make_attest(LogOptions options, std::unique_ptr<LogKeys> keys,
                                             Env env, std::unique_ptr<Files> files,
                                             merkle::Intake& intake) {
  auto out = std::make_unique<Attest>(std::move(keys), env, std::move(files), intake);
  TRY(out->start(options));
  return std::unique_ptr<Service>(std::move(out));
}

}  // namespace v100::attest
