// The order of frames.
#include "svc/signaling/connection.h"

#include "e2ee/statement.h"

namespace v100::signaling {

const char* name(Sin sin) noexcept {
  constexpr const char* names[] = {"malformed", "signature", "replay",
                                   "forbidden", "too_large", "rate"};
  return names[static_cast<std::size_t>(sin)];
}

std::optional<Sin> sin_of(Errc code) noexcept {
  switch (code) {
    case Errc::malformed:
      return Sin::malformed;
    case Errc::unauthenticated:
      return Sin::signature;
    case Errc::forbidden:
      return Sin::forbidden;
    case Errc::too_large:
      return Sin::too_large;
    default:
      return std::nullopt;
  }
}

std::optional<std::uint64_t> FrameQueue::push(std::uint64_t seq, Bytes payload) {
  if (waiting_.size() >= frames_max || bytes_ + payload.size() > bytes_max) {
    return std::nullopt;
  }
  bytes_ += payload.size();
  waiting_.push_back({{seq, to_buffer(payload), std::nullopt}, false});
  return first_ticket_ + waiting_.size() - 1;
}

void FrameQueue::resolve(std::uint64_t ticket, std::optional<Refusal> refused) {
  CHECK(ticket >= first_ticket_ && ticket - first_ticket_ < waiting_.size());
  Waiting& waiting = waiting_[ticket - first_ticket_];
  CHECK(!waiting.resolved);
  waiting.resolved = true;
  waiting.frame.refused = refused;
}

std::optional<FrameInTurn> FrameQueue::next() {
  if (waiting_.empty() || !waiting_.front().resolved) {
    return std::nullopt;
  }
  FrameInTurn frame = std::move(waiting_.front().frame);
  waiting_.pop_front();
  ++first_ticket_;
  bytes_ -= frame.payload.size();
  // A frame whose signature is wrong is nobody's and uses no number up.
  if (frame.refused && frame.refused->sin == Sin::signature) {
    return frame;
  }
  if (frame.seq != last_seq_ + 1) {
    frame.refused = Refusal{Sin::replay, {Errc::conflict, "signal: seq is not the next one"}};
    return frame;
  }
  last_seq_ = frame.seq;
  return frame;
}

std::uint64_t statement_mark(Bytes statement) noexcept {
  CHECK(statement.size() == e2ee::Statement::size);
  return load_be<std::uint64_t>(statement.data() + e2ee::Statement::body_bytes);
}

}  // namespace v100::signaling
