#include "svc/match/roles.h"

#include <array>

#include "base/limits.h"
#include "crypto/keccak/keccak.h"
#include "he/bfv/serial.h"

namespace v100::match {
namespace {

constexpr std::int64_t window_ms = 30'000;
constexpr std::size_t batches_max = 1 << 20;  // half a minute of 35,000 batches a second
constexpr std::size_t users_max = 1 << 20;    // whose tries are counted at once
constexpr UserId nobody{};

Result<Buffer> sign(const Signer& signer, Bytes message, std::string_view context, Random& random) {
  const auto signature = TRY(signer.sign(message, as_bytes(context), mldsa::Hedge::fresh(random)));
  return to_buffer(signature.bytes());
}

Result<void> check(const Verifier& verifier, Bytes message, std::string_view context,
                   Bytes signature) {
  return verifier.verify(message, as_bytes(context),
                         TRY(mldsa::Signature<mldsa::Mldsa65>::parse(signature)));
}

// That a header is for these parameters and this key.
Result<void> fits(const Header& header, const bfv::Params& params, const KeyId& key) {
  if (header.params != params.id() || header.users.size() != params.n() / dimensions) {
    return fail(Errc::unsupported, "match: a batch under other parameters");
  }
  if (header.key != key) {
    return fail(Errc::forbidden, "match: a batch for another key");
  }
  return {};
}

}  // namespace

Result<void> ReplayWindow::admit(const BatchId& batch, WallTime made, WallTime now) {
  const std::int64_t age = now.value() - made.value();
  if (age > window_ms || age < -window_ms) {
    return fail(Errc::timed_out, "match: a batch of another time");
  }
  if (now.value() - swept_ > window_ms) {
    std::erase_if(seen_, [&](const auto& entry) { return entry.second < now.value() - window_ms; });
    swept_ = now.value();
  }
  if (seen_.size() >= batches_max) {
    return fail(Errc::busy, "match: too many batches");
  }
  if (!seen_.try_emplace(batch, made.value()).second) {
    return fail(Errc::conflict, "match: this batch was here before");
  }
  return {};
}

// ---- packer

PackerRole::PackerRole(const bfv::Params& params, const bfv::PublicKey& key, const Signer& signer,
                       Random& random)
    : params_(params),
      key_(key),
      key_id_(key_id(params, key)),
      signer_(signer),
      random_(random),
      packer_(params, random),
      ciphertext_(bfv::make_ciphertext(params, 2)) {}

Result<Buffer> PackerRole::pack(std::span<const Row* const> rows, std::span<const UserId> users,
                                std::uint32_t policy, WallTime now) {
  CHECK(rows.size() == packer_.slots() && users.size() == rows.size());
  TRY(packer_.encrypt(ciphertext_, rows, key_));
  const Buffer ciphertext = bfv::encode(params_, ciphertext_);
  ProbeMessage m;
  m.header = {.params = params_.id(),
              .key = key_id_,
              .time = now,
              .policy = policy,
              .users = {users.begin(), users.end()},
              .ciphertext = wide_hash(ciphertext)};
  random_.fill(m.header.batch);
  const Buffer signature = TRY(sign(signer_, m.header.bytes(), probe_context, random_));
  m.signature = signature;
  m.ciphertext = ciphertext;
  return encode(m);
}

// ---- matcher

MatcherRole::MatcherRole(const bfv::Params& params, const bfv::PublicKey& key, Peers peers,
                         Find find, Random& random)
    : params_(params),
      key_id_(key_id(params, key)),
      peers_(peers),
      find_(std::move(find)),
      random_(random),
      matcher_(params),
      masks_(params, key, random) {}

Result<Buffer> MatcherRole::match(Bytes probe, WallTime now) {
  const ProbeMessage m = TRY(decode_probe(probe));
  TRY(fits(m.header, params_, key_id_));
  TRY(check(peers_.packer, m.header.bytes(), probe_context, m.signature));
  if (wide_hash(m.ciphertext) != m.header.ciphertext) {
    return fail(Errc::unauthenticated, "match: not the ciphertext that was signed");
  }
  TRY(replay_.admit(m.header.batch, m.header.time, now));
  const bfv::Ciphertext ciphertext = TRY(bfv::decode_ciphertext(params_, m.ciphertext));
  if (ciphertext.parts.size() != 2 || ciphertext.limbs() != params_.limbs()) {
    return fail(Errc::malformed, "match: a probe is a fresh ciphertext");
  }
  std::vector<const Row*> rows;
  for (const UserId& user : m.header.users) {
    rows.push_back(user == nobody ? nullptr : find_(user));
  }
  matcher_.assemble(templates_, rows);
  masks_.make(mask_);
  matcher_.match(answer_, ciphertext, templates_, std::move(mask_));
  const Buffer answer = encode(params_, answer_);
  const Buffer signature =
      TRY(sign(peers_.own, answer_signed_bytes(m.header, answer), answer_context, random_));
  return encode(AnswerMessage{m.header, m.signature, signature, answer});
}

// ---- key holder

KeyHolderRole::KeyHolderRole(const bfv::Params& params, const bfv::SecretKey& key, const KeyId& id,
                             Peers peers, std::map<std::uint32_t, Policy> policies, Random& random)
    : params_(params),
      key_id_(id),
      peers_(peers),
      policies_(std::move(policies)),
      random_(random),
      holder_(params, key) {}

bool KeyHolderRole::take_try(const UserId& user, WallTime now) {
  const Instant at = Instant::from_ns(now.value() * 1'000'000);
  if (tries_.size() >= users_max) {
    std::erase_if(tries_, [&](const auto& entry) { return entry.second.full(at); });
  }
  if (tries_.size() >= users_max && !tries_.contains(user)) {
    return false;  // whoever fills the table must not open it for guesses
  }
  return tries_.try_emplace(user, tries, at).first->second.take(at);
}

Result<Buffer> KeyHolderRole::decide(Bytes bytes, WallTime now) {
  const AnswerMessage m = TRY(decode_answer_message(bytes));
  TRY(fits(m.header, params_, key_id_));
  const Buffer header = m.header.bytes();
  TRY(check(peers_.packer, header, probe_context, m.packer_signature));
  TRY(check(peers_.matcher, answer_signed_bytes(m.header, m.answer), answer_context,
            m.matcher_signature));
  const auto policy = policies_.find(m.header.policy);
  if (policy == policies_.end()) {
    return fail(Errc::not_found, "match: no such policy");
  }
  const Answer answer = TRY(decode_answer(params_, m.answer));
  TRY(replay_.admit(m.header.batch, m.header.time, now));
  DecisionMessage out;
  keccak::sha3_256(out.decision.header, {header});
  std::uint64_t asked = 0;
  for (std::size_t u = 0; u < m.header.users.size(); ++u) {
    const std::uint64_t bit = 1ull << u;
    if (m.header.users[u] == nobody) {
      continue;
    }
    (take_try(m.header.users[u], now) ? asked : out.decision.locked) |= bit;
  }
  const std::vector<std::int32_t> thresholds(holder_.slots(), policy->second.threshold);
  out.decision.accepted = holder_.accept(answer, thresholds) & asked;
  const Buffer signature =
      TRY(sign(peers_.own, out.decision.signed_bytes(), decision_context, random_));
  out.signature = signature;
  return encode(out);
}

}  // namespace v100::match
