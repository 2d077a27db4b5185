// The three roles as state machines: bytes and the time in, bytes out. Each can run in a process
// and a trust domain of its own. What each sees, and what two together see: docs/spec/match.md §6.
//   packer      the probes in the clear; never a template or a score
//   matcher     templates (or ciphertexts of them) and encrypted probes; never a probe, score or
//   decision key holder  the secret key and 32 scores a batch; never a probe or a template
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "svc/match/message.h"
#include "svc/rate.h"

namespace v100::match {

// Batches of the last while, so that none is taken twice. Bounded by time and number.
class ReplayWindow {
 public:
  // timed_out: the batch is older or newer than 30 s. conflict: it was here before. busy: full.
  Result<void> admit(const BatchId& batch, WallTime made, WallTime now);

 private:
  std::map<BatchId, std::int64_t> seen_;  // when it was made
  std::int64_t swept_ = 0;
};

class PackerRole {
 public:
  // All references outlive the role.
  PackerRole(const bfv::Params& params, const bfv::PublicKey& key, const Signer& signer,
             Random& random);
  // rows.size() == users.size() == slots (CHECK); null rows are empty slots. Forbidden: a vector is
  // too long. The answer is an encoded ProbeMessage.
  Result<Buffer> pack(std::span<const Row* const> rows, std::span<const UserId> users,
                      std::uint32_t policy, WallTime now);

 private:
  const bfv::Params& params_;
  const bfv::PublicKey& key_;
  KeyId key_id_;
  const Signer& signer_;
  Random& random_;
  Packer packer_;
  bfv::Ciphertext ciphertext_;
};

class MatcherRole {
 public:
  // Null: no such user; the slot stays empty.
  using Find = std::move_only_function<const Row*(const UserId& user)>;
  struct Peers {
    const Verifier& packer;
    const Signer& own;
  };
  MatcherRole(const bfv::Params& params, const bfv::PublicKey& key, Peers peers, Find find,
              Random& random);
  // probe: an encoded ProbeMessage; the answer an AnswerMessage. Errors: malformed, unauthenticated
  // (not the packer's, or not what it signed), forbidden (made for another key), and
  // ReplayWindow's.
  Result<Buffer> match(Bytes probe, WallTime now);

 private:
  const bfv::Params& params_;
  KeyId key_id_;
  Peers peers_;
  Find find_;
  Random& random_;
  Matcher matcher_;
  MaskMaker masks_;
  ReplayWindow replay_;
  Mask mask_;
  TemplateBatch templates_;
  Answer answer_;
};

class KeyHolderRole {
 public:
  struct Peers {
    const Verifier& packer;
    const Verifier& matcher;
    const Signer& own;
  };
  struct Policy {
    std::int32_t threshold;  // least accepted score
  };
  KeyHolderRole(const bfv::Params& params, const bfv::SecretKey& key, const KeyId& id, Peers peers,
                std::map<std::uint32_t, Policy> policies, Random& random);
  // answer: an encoded AnswerMessage; what comes out is a DecisionMessage. Errors as MatcherRole's;
  // not_found: no such policy.
  Result<Buffer> decide(Bytes answer, WallTime now);

  // Against hill climbing by bits: tries a user has at once, and how many come back a minute; after
  // that slots of this user are not decided.
  static constexpr Rate tries{.per_second_thousandths = 100, .burst = 8};

 private:
  bool take_try(const UserId& user, WallTime now);
  const bfv::Params& params_;
  KeyId key_id_;
  Peers peers_;
  std::map<std::uint32_t, Policy> policies_;
  Random& random_;
  KeyHolder holder_;
  ReplayWindow replay_;
  std::map<UserId, TokenBucket> tries_;
};

}  // namespace v100::match
