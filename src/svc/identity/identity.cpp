// Gathers verifications over a turn, does them as one batch, and keeps what is known of devices.
#include "svc/identity/identity.h"

#include <vector>

#include "base/limits.h"
#include "svc/identity/account_api.h"
#include "svc/identity/api.h"
#include "svc/identity/verifiers.h"
#include "svc/rate.h"

namespace v100::identity {

namespace {

using e2ee::DeviceKey;
using e2ee::Fingerprint;
using mldsa::Mldsa65;
using mldsa::Verdict;

constexpr std::string_view table = "devices";
// Forged signatures an address may send: 20 at once, then one in 3 s. An honest client sends none.
constexpr Rate failures{.per_second_thousandths = 333, .burst = 20};
constexpr std::int64_t last_seen_step_ms = 60'000;  // how exact last_seen is: a write a minute

class Identity final : public IdentityService {
 public:
  explicit Identity(Env env)
      : env_(env),
        accounts_(env),
        verifiers_(limits::prepared_verifiers),
        failures_(failures, limits::rate_clients) {}

  const auth::KeyDirectory& directory() const override { return accounts_.directory(); }
  std::string first_token() override { return accounts_.first_token(); }

  void open(Router& router) override {
    accounts_.open(router);
    router.on("verify",
              [this](Bytes request, Reply reply) { on_verify(request, std::move(reply)); });
    router.on("device",
              [this](Bytes request, Reply reply) { on_device(request, std::move(reply)); });
    router.on("revoke",
              [this](Bytes request, Reply reply) { on_revoke(request, std::move(reply)); });
  }

  void end_of_turn(Instant now) override {
    if (!pending_.empty()) {
      verify_pending(now);
    }
  }

  void tick(Instant now) override { accounts_.tick(now); }
  bool ready() override { return accounts_.ready(); }
  void close() override { pending_.clear(); }  // each Reply answers `unavailable`

 private:
  struct Pending {
    Buffer request;  // owns what `verify` points to
    Verify verify;
    DeviceKey key;
    Fingerprint device;
    Reply reply;
  };

  void on_verify(Bytes request, Reply reply) {
    Buffer own = to_buffer(request);
    const Result<Verify> verify = decode_verify(own);
    if (!verify) {
      return reply.error(verify.error().code, verify.error().what);
    }
    if (!failures_.of(verify->address, env_.clock.now()).has(env_.clock.now())) {
      env_.meter.count("v100_identity_verify_total", "result=\"budget\"", 1);
      return reply.error(Errc::busy, "identity: too many failed signatures from this address");
    }
    if (pending_.size() >= limits::bus_queue) {
      return reply.error(Errc::busy, "identity: too many verifications wait");
    }
    const Result<DeviceKey> key = DeviceKey::parse(verify->device_key);
    CHECK(key.has_value());  // decode_verify looked at its size
    const Fingerprint device = e2ee::fingerprint(key->bytes());
    pending_.push_back({std::move(own), *verify, *key, device, std::move(reply)});
  }

  void verify_pending(Instant now) {
    std::vector<Pending> batch;
    batch.swap(pending_);
    std::vector<mldsa::VerifyItem<Mldsa65>> items;
    items.reserve(batch.size());
    for (const Pending& pending : batch) {
      mldsa::VerifyItem<Mldsa65>& item = items.emplace_back();
      item.prepared = verifiers_.find(pending.device);
      item.key = item.prepared == nullptr ? &pending.key : nullptr;
      item.message = pending.verify.message;
      item.context = pending.verify.context;
      item.signature = pending.verify.signature;
    }
    std::vector<Verdict> verdicts(items.size(), Verdict::invalid);
    mldsa::verify_batch<Mldsa65>(items, verdicts);
    env_.meter.count("v100_identity_batches_total", "", 1);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      answer(batch[i], verdicts[i], now);
    }
  }

  void answer(Pending& pending, Verdict verdict, Instant now) {
    if (verdict != Verdict::valid) {
      failures_.of(pending.verify.address, now).take(now);
      env_.meter.count("v100_identity_verify_total", "result=\"invalid\"", 1);
      return pending.reply.error(Errc::unauthenticated, "signature: not this device's");
    }
    verifiers_.add(pending.device, pending.key);
    const Result<Device> known = load(pending.device);
    if (!known && known.error().code != Errc::not_found) {
      // Signatures need no store; only the note of who was seen does.
      env_.meter.count("v100_identity_store_errors_total", "", 1);
    }
    if (known && known->revoked) {
      env_.meter.count("v100_identity_verify_total", "result=\"revoked\"", 1);
      return pending.reply.error(Errc::forbidden, "device: revoked");
    }
    if (pending.verify.seen) {
      note_seen(pending.device, known);
    }
    env_.meter.count("v100_identity_verify_total", "result=\"valid\"", 1);
    pending.reply.ok({});
  }

  void note_seen(const Fingerprint& device, const Result<Device>& known) {
    const WallTime now = env_.clock.wall();
    Device record = known ? *known : Device{now, WallTime(0), false};
    if (known.has_value() && now.value() - record.last_seen.value() < last_seen_step_ms) {
      return;
    }
    record.last_seen = now;
    save(device, record, [this](Result<void> result) {
      if (!result) {
        env_.meter.count("v100_identity_store_errors_total", "", 1);
      }
    });
  }

  Result<Device> load(const Fingerprint& device) {
    return decode_device(TRY(env_.store.get(table, as_text(device.value()))));
  }

  void save(const Fingerprint& device, const Device& record, Store::Done done) {
    Batch batch;
    batch.put(table, as_text(device.value()), encode(record));
    env_.store.commit(std::move(batch), std::move(done));
  }

  void on_device(Bytes request, Reply reply) {
    const Result<e2ee::Hash> hash = e2ee::hash_from(request);
    if (!hash) {
      return reply.error(hash.error().code, hash.error().what);
    }
    const Result<Device> device = load(Fingerprint(*hash));
    reply.answer_with(device ? Result<Buffer>(encode(*device))
                             : std::unexpected<Error>(device.error()));
  }

  void on_revoke(Bytes request, Reply reply) {
    const Result<e2ee::Hash> hash = e2ee::hash_from(request);
    if (!hash) {
      return reply.error(hash.error().code, hash.error().what);
    }
    Result<Device> device = load(Fingerprint(*hash));
    if (!device && device.error().code != Errc::not_found) {
      return reply.error(device.error().code, device.error().what);
    }
    Device record = device ? *device : Device{env_.clock.wall(), WallTime(0), false};
    record.revoked = true;
    save(Fingerprint(*hash), record, [kept = std::move(reply)](Result<void> result) mutable {
      kept.answer_with(result ? Result<Buffer>(Buffer()) : std::unexpected<Error>(result.error()));
    });
  }

  Env env_;
  AccountApi accounts_;
  Verifiers verifiers_;
  AddressBuckets failures_;
  std::vector<Pending> pending_;
};

}  // namespace

std::unique_ptr<IdentityService> make_identity(Env env) { return std::make_unique<Identity>(env); }

}  // namespace v100::identity
