// Gate, second half: what is in hand is verified together, then judged one by one in the order in
// which it came, so that of two equal requests in one batch the first wins.
#include "auth/gate_state.h"
#include "base/ct.h"

namespace v100::auth {
namespace {

constexpr ByteArray<32> sha256_of_nothing = {
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

ByteArray<32> content_sha256(Bytes content) noexcept {
  return content.empty() ? sha256_of_nothing : sha256(content);
}

}  // namespace

template <class P>
void VerifyBatch<P>::add(Waiting& w, std::size_t most) {
  mldsa::VerifyItem<P> item{.message = w.message, .signature = w.signature};
  if (w.slot->prepared != nullptr) {
    item.prepared = w.slot->prepared->template get<P>();
  } else {
    raw.reserve(most);  // pointers into it stay
    const Result<mldsa::PublicKey<P>> key = mldsa::PublicKey<P>::parse(w.slot->record->public_key);
    if (!key) {
      return;  // a directory that holds a key of a wrong length: nothing verifies under it
    }
    raw.push_back(*key);
    item.key = &raw.back();
  }
  items.push_back(item);
  waiting.push_back(&w);
}

template <class P>
void VerifyBatch<P>::run(GateCounters& counters) {
  if (items.empty()) {
    return;
  }
  verdicts.resize(items.size());
  mldsa::verify_batch<P>(items, verdicts);
  for (std::size_t i = 0; i < items.size(); ++i) {
    waiting[i]->verdict = verdicts[i];
  }
  ++counters.batches;
  counters.batched += items.size();
  counters.batch_max = items.size() > counters.batch_max ? items.size() : counters.batch_max;
  items.clear();
  waiting.clear();
  raw.clear();
}

void Gate::State::verify_all() {
  for (std::size_t i = 0; i < count; ++i) {
    Waiting& w = waiting[i];
    if (w.step != Waiting::Step::signature) {
      continue;
    }
    w.verdict = mldsa::Verdict::invalid;
    if (w.slot->generation != directory.generation()) {
      w.slot->record = directory.find(w.slot->id);
      w.slot->generation = directory.generation();
    }
    const Reason reason = check_record(w.slot->record, now_ms);
    if (reason != Reason::ok) {  // revoked since it was submitted
      w.answer.reason = reason;
      w.step = Waiting::Step::decided;
      --w.slot->pins;
      continue;
    }
    ++(w.slot->prepared != nullptr ? counters.prepared_hits : counters.prepared_misses);
    if (w.algorithm == keys::Algorithm::mldsa44) {
      batch44.add(w, options.batch);
    } else if (w.algorithm == keys::Algorithm::mldsa65) {
      batch65.add(w, options.batch);
    } else {
      batch87.add(w, options.batch);
    }
  }
  batch44.run(counters);
  batch65.run(counters);
  batch87.run(counters);
}

void Gate::State::fail_signature(Waiting& w) {
  addresses.fail(w.address, now_ms);
  if (w.slot != nullptr) {
    w.slot->failures.fail(rate, now_ms);
  }
}

// The body against the signed digests. Leaves its SHA-256 in the answer, which others need too.
Reason Gate::State::judge_body(Waiting& w) const {
  Answer& answer = w.answer;
  if (!w.has_digest || w.digest.has_sha256) {
    answer.body_sha256 = content_sha256(answer.content);
    answer.has_body_sha256 = true;
  }
  if (!w.has_digest) {
    return answer.content.empty() ? Reason::ok : Reason::component_missing;
  }
  const bool good = (!w.digest.has_sha256 || w.digest.sha256 == answer.body_sha256) &&
                    w.digest.matches_sha512(answer.content);
  return good ? Reason::ok : Reason::digest_mismatch;
}

// Records the nonce or the sequence, unless it is there already.
Reason Gate::State::record(Waiting& w) {
  if (w.answer.lane == Lane::header) {
    switch (nonces.record(w.answer.unique, w.created, now_s)) {
      case NonceStore::Answer::seen:
        return Reason::replayed;
      case NonceStore::Answer::full:
        return Reason::replay_store_full;
      case NonceStore::Answer::fresh:
        return Reason::ok;
    }
  }
  switch (w.slot->window.record(w.answer.unique)) {
    case SequenceWindow::Answer::seen:
      return Reason::replayed;
    case SequenceWindow::Answer::too_old:
      return Reason::sequence_too_old;
    case SequenceWindow::Answer::fresh:
      break;
  }
  return Reason::ok;
}

Reason Gate::State::judge_signature(Waiting& w) {
  KeySlot& slot = *w.slot;
  if (w.verdict != mldsa::Verdict::valid) {
    fail_signature(w);
    return Reason::signature_invalid;
  }
  slot.note_good(w.address);
  if (slot.prepared != nullptr) {
    cache.used(*slot.prepared);
  } else if (slot.good == 2) {
    cache.add(slot.prepared, w.algorithm, slot.record->public_key);
  }
  // The body first: a request that came with another body may come again with its own.
  if (const Reason reason = judge_body(w); reason != Reason::ok) {
    return reason;
  }
  if (const Reason reason = record(w); reason != Reason::ok) {
    return reason;
  }
  slots.used(slot, now_s);
  w.answer.owner = slot.record->owner;
  w.answer.scopes = slot.record->scopes;
  return Reason::ok;
}

Reason Gate::State::judge_mac(Waiting& w) {
  Session* const session = sessions == nullptr ? nullptr : sessions->state_->find(w.token.id);
  if (session == nullptr) {
    return Reason::session_unknown;
  }
  if (session->expires_ms <= now_ms) {
    return Reason::session_expired;
  }
  if (!same(session->exporter, w.exporter)) {
    return Reason::session_unbound;
  }
  w.answer.key = session->key;
  const KeyRecord* const record = directory.find(session->key);
  if (const Reason reason = check_record(record, now_ms); reason != Reason::ok) {
    return reason;
  }
  const SequenceWindow::Answer early = session->window.peek(w.token.sequence);
  if (early == SequenceWindow::Answer::too_old) {
    return Reason::sequence_too_old;
  }
  if (early == SequenceWindow::Answer::seen) {
    return Reason::replayed;
  }
  Answer& answer = w.answer;
  answer.body_sha256 = content_sha256(answer.content);
  answer.has_body_sha256 = true;
  MacClaims claims{.token = w.token,
                   .method = answer.method,
                   .scheme = w.scheme,
                   .authority = w.authority,
                   .target = answer.target,
                   .meaning = {},
                   .digest = answer.body_sha256};
  for (std::size_t i = 0; i < meanings; ++i) {
    claims.meaning[i] = answer.meanings_[i];
  }
  const ByteArray<mac_bytes> mac = session_mac(session->mac, claims);
  if (!ct::declassify(ct::equal(mac, w.token.mac), "the answer says whether the MAC is right")) {
    addresses.fail(w.address, now_ms);
    return Reason::signature_invalid;
  }
  session->window.record(w.token.sequence);
  answer.owner = record->owner;
  answer.scopes = record->scopes;
  return Reason::ok;
}

void Gate::flush(WallTime now, AnswerSink& sink) {
  State& s = *state_;
  s.set_clock(now);
  s.verify_all();
  const std::size_t count = s.count;
  for (std::size_t i = 0; i < count; ++i) {
    Waiting& w = s.waiting[i];
    if (w.step == Waiting::Step::signature) {
      w.answer.reason = s.judge_signature(w);
      --w.slot->pins;
    } else if (w.step == Waiting::Step::mac) {
      w.answer.reason = s.judge_mac(w);
    }
    ++s.counters.answers[static_cast<std::size_t>(w.answer.lane)]
                        [static_cast<std::size_t>(w.answer.reason)];
    if (w.answer.reason != Reason::ok) {
      for (std::string_view& value : w.answer.meanings_) {
        value = {};
      }
    }
    sink.answered(w.answer);
  }
  s.count = 0;
  s.arena_used = 0;
}

}  // namespace v100::auth
