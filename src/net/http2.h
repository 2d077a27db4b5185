// HTTP/2 (RFC 9113) of one connection, on libnghttp2: streams become requests as a Site knows them,
// and answers become frames. Internal to net.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "net/arena.h"
#include "wire/http_answer.h"

struct nghttp2_session;

namespace v100::net {

class Http2 final {
 public:
  // What the session asks of its connection.
  class Owner {
   public:
    virtual ~Owner() = default;
    // A whole request; it and its views stay until the loop's turn ends.
    virtual void on_stream_request(const wire::HttpRequest& request) = 0;
    // Refused before it was one: counted, and answered already.
    virtual void on_stream_refused(int status) = 0;
  };
  Http2(Owner& owner, Arena& arena, bool secure);
  ~Http2();
  Http2(const Http2&) = delete;
  Http2& operator=(const Http2&) = delete;

  // Bytes from the peer. malformed: the connection is over once pending output is sent.
  Result<void> take(Bytes bytes);
  // The stream that the request being told came by.
  std::uint32_t stream() const noexcept { return current_; }
  // False: no such stream (any more).
  bool answer(std::uint32_t stream, const wire::AnswerView& answer, std::string_view date,
              std::string_view kex);
  void write(Buffer& out);         // what is to be sent now, at most about `write_bytes_max`
  bool has_more() const noexcept;  // to send
  void drain();                    // no new streams; ends when the last is done
  bool over() const noexcept;      // nothing more will be said or heard
  std::size_t open_streams() const noexcept { return open_; }
  void end_turn();  // frees what requests of earlier turns pointed to

  static constexpr std::uint32_t streams_max = 128;
  static constexpr std::size_t header_bytes_max = limits::http_header_bytes * 2;
  static constexpr std::size_t write_bytes_max = 256 * 1024;
  // Frames that cost us work and bring nothing: pings, settings, resets, empty data, priorities.
  static constexpr int idle_frames_max = 1000;  // refilled by answers
  static constexpr int continuations_max = 16;  // of one header block

 private:
  struct Stream;
  struct Callbacks;
  Stream* find(std::int32_t id) noexcept;
  void request_done(Stream& stream);
  bool build(Stream& stream, wire::HttpRequest& request, std::vector<wire::HttpHeader>& room);
  void refuse(Stream& stream, int status);
  void give_up(std::uint32_t code);
  bool spend_idle() noexcept { return --idle_frames_ < 0; }

  Owner& owner_;
  Arena& arena_;
  const bool secure_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<std::int32_t, std::unique_ptr<Stream>> streams_;
  std::vector<std::unique_ptr<Stream>> closed_;  // requests of this turn may point into them
  std::vector<wire::HttpHeader> room_;
  std::uint32_t current_ = 0;
  std::size_t open_ = 0;
  int idle_frames_ = idle_frames_max;
  int continuations_ = 0;
  // §5.1.1: ids only grow. Those below the highest that were not closed lately were never opened.
  std::int32_t highest_ = 0;
  std::array<std::int32_t, 256> closed_ids_{};
  std::size_t closed_at_ = 0;
  bool failed_ = false, draining_ = false, went_back_ = false;
  Buffer last_words_;  // after a failure: GOAWAY, written past the session
};

// RFC 9113 §3.4: how a client that speaks HTTP/2 begins.
inline constexpr std::string_view http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace v100::net
