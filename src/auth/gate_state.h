// The Gate's inside: what waits between submit() and flush(), and the parts that judge it.
#pragma once

#include <string>
#include <vector>

#include "auth/budget.h"
#include "auth/digest.h"
#include "auth/fast_lane.h"
#include "auth/gate.h"
#include "auth/key_slots.h"
#include "auth/keyed_hash.h"
#include "auth/nonce_store.h"
#include "auth/prepared_cache.h"
#include "auth/session_table.h"
#include "auth/signature_base.h"
#include "auth/signature_input.h"

namespace v100::auth {

// One request in hand.
struct Waiting {
  enum class Step : std::uint8_t { decided, signature, mac };

  Answer answer;
  Step step = Step::decided;
  std::uint64_t address = 0;  // hash, for budgets
  // Step::signature
  KeySlot* slot = nullptr;  // pinned
  keys::Algorithm algorithm = keys::Algorithm::mldsa65;
  Bytes message;    // what is signed; in the arena
  Bytes signature;  // in the arena (header lane) or in the request (fast lane)
  std::int64_t created = 0;
  ContentDigest digest;  // what was signed, where a digest was
  bool has_digest = false;
  mldsa::Verdict verdict = mldsa::Verdict::invalid;
  // Step::mac
  SessionToken token;
  std::string_view scheme, authority;
  Bytes exporter;
};

// Signatures of one parameter set, verified together.
template <class P>
struct VerifyBatch {
  std::vector<mldsa::VerifyItem<P>> items;
  std::vector<mldsa::Verdict> verdicts;
  std::vector<Waiting*> waiting;
  std::vector<mldsa::PublicKey<P>> raw;  // keys that are not prepared; stays where it is

  void add(Waiting& w, std::size_t most);
  void run(GateCounters& counters);
};

// The credentials among a request's fields.
struct Credentials {
  std::string_view signature_input, signature, content_digest, authorization, content_type;
  std::string_view meaning[meanings];
  bool repeated = false;  // a meaning header stands twice
};

struct Gate::State {
  State(const GateOptions& o, const KeyDirectory& d, Sessions* s, Random& random, WallTime start);

  // gate.cpp
  void set_clock(WallTime now);
  Waiting& next(std::uint64_t cookie, const Peer& peer);
  Reason check_window(std::int64_t created, std::int64_t expires, bool has_expires) const;
  Reason check_authority(std::string_view scheme, std::string_view authority) const;
  unsigned owner(const KeyId& key) const noexcept;
  // Finds the key and everything that can be said without a look at the signature.
  Reason admit_key(Waiting& w, const KeyId& id, keys::Algorithm algorithm);
  static Reason check_record(const KeyRecord* record, std::int64_t now_ms);
  Reason check_hint(Waiting& w);  // counts a failure

  Credentials gather(const RequestView& request);
  Reason submit(const RequestView& request, const Peer& peer, Waiting& w);
  Reason submit_session_request(const RequestView& request, const Credentials& c, const Peer& peer,
                                Waiting& w);
  Reason submit_fast_request(const RequestView& request, Waiting& w);
  Reason submit_session(const SessionToken& token, const Peer& peer, Waiting& w);

  // gate_lanes.cpp
  Reason submit_header(const RequestView& request, const Credentials& c, Waiting& w);
  Reason check_coverage(const RequestView& request, const Credentials& c, Waiting& w) const;
  Reason take_signature(const RequestView& request, const Credentials& c, Waiting& w);
  Reason queue(Waiting& w);
  Reason submit_fast(const FastMessage& message, std::string_view scheme,
                     std::string_view authority, Waiting& w);

  // gate_flush.cpp
  void verify_all();
  Reason judge_signature(Waiting& w);
  Reason judge_body(Waiting& w) const;
  Reason record(Waiting& w);
  Reason judge_mac(Waiting& w);
  void fail_signature(Waiting& w);

  GateOptions options;
  const KeyDirectory& directory;
  Sessions* sessions;
  KeyedHash hash;
  std::int64_t now_ms = 0, now_s = 0;
  std::int64_t high_ms = 0;  // the latest time ever seen
  std::int64_t floor_s = 0;  // what was created before is from before a restart or a clock jump
  std::int64_t back_s, ahead_s;
  BudgetRate rate;
  PreparedCache cache;
  KeySlots slots;
  NonceStore nonces;
  AddressBudgets addresses;

  std::vector<Waiting> waiting;  // options.batch of them, made once
  std::size_t count = 0;
  std::vector<std::uint8_t> arena;  // bases and decoded signatures of what waits
  std::size_t arena_used = 0;
  SignatureInput input;
  std::string joined[3];  // Signature-Input, Signature, Content-Digest sent in several lines
  VerifyBatch<mldsa::Mldsa44> batch44;
  VerifyBatch<mldsa::Mldsa65> batch65;
  VerifyBatch<mldsa::Mldsa87> batch87;
  GateCounters counters;
};

// A base repeats headers (16 KiB at most) and a signature is 4,627 bytes.
inline constexpr std::size_t arena_need_max = 24 * 1024;
inline constexpr std::size_t arena_each = 6 * 1024;  // as most requests need it, ML-DSA-87
inline constexpr std::size_t nonce_bytes_max = 128;
inline constexpr std::size_t authority_bytes_max = 256;

}  // namespace v100::auth
