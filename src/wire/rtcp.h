// RTCP compound packets: readers and a writer for SR, RR, SDES, BYE (RFC 3550 §6), NACK, PLI (RFC
// 4585), FIR (RFC 5104), REMB (draft-alvestrand-rmcat-remb) and transport-wide congestion feedback
// (draft-holmer-rmcat-transport-wide-cc-extensions-01). Views point into the datagram.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace v100::rtcp {

enum class Type : std::uint8_t {
  sender_report = 200,
  receiver_report = 201,
  sdes = 202,
  bye = 203,
  transport_feedback = 205,  // RTPFB: count 1 NACK, 15 transport-wide
  payload_feedback = 206,    // PSFB: count 1 PLI, 4 FIR, 15 application layer (REMB)
};

inline constexpr std::uint8_t fmt_nack = 1, fmt_transport_wide = 15;
inline constexpr std::uint8_t fmt_pli = 1, fmt_fir = 4, fmt_application = 15;

// One packet of the compound: |V=2|P| count/FMT | type | length |, `body` is what follows, without
// padding.
struct Block {
  std::uint8_t count = 0;
  std::uint8_t type = 0;
  Bytes body;
  bool is(Type t) const noexcept { return type == static_cast<std::uint8_t>(t); }
};

class CompoundReader {
 public:
  explicit CompoundReader(Bytes datagram) noexcept : rest_(datagram) {}
  bool next(Block& out) noexcept;
  bool malformed() const noexcept { return malformed_; }  // after next() said no

 private:
  Bytes rest_;
  bool malformed_ = false;
};

struct ReportBlock {
  std::uint32_t ssrc = 0;
  std::uint8_t fraction_lost = 0;      // of 256, since the report before
  std::int32_t cumulative_lost = 0;    // 24 bits, signed
  std::uint32_t highest_sequence = 0;  // with the cycles in the upper half
  std::uint32_t jitter = 0;            // in timestamp units
  std::uint32_t last_sr = 0;           // middle 32 bits of the NTP time of the last SR
  std::uint32_t delay_since_sr = 0;    // in 1/65536 s
};
inline constexpr std::size_t report_blocks_max = 31;

struct Report {  // SR or RR
  std::uint32_t sender = 0;
  bool has_sender_info = false;
  std::uint64_t ntp = 0;  // 32.32 seconds since 1900
  std::uint32_t rtp_timestamp = 0, packets = 0, octets = 0;
  std::uint8_t blocks = 0;
  std::array<ReportBlock, report_blocks_max> block;
};
Result<Report> parse_report(const Block& block) noexcept;

struct Feedback {
  std::uint32_t sender = 0;
  std::uint32_t media = 0;
  Bytes control;  // FCI
};
Result<Feedback> parse_feedback(const Block& block) noexcept;

// Calls visit(sequence) for each number that a NACK's FCI asks for (RFC 4585 §6.2.1).
template <class Visit>
void for_each_nack(Bytes control, Visit visit) {
  for (; control.size() >= 4; control = control.subspan(4)) {
    const auto first = load_be<std::uint16_t>(control.data());
    const auto bits = load_be<std::uint16_t>(control.data() + 2);
    visit(first);
    for (unsigned i = 0; i < 16; ++i) {
      if ((bits >> i & 1) != 0) {
        visit(static_cast<std::uint16_t>(first + i + 1));
      }
    }
  }
}

struct Fir {
  std::uint32_t ssrc = 0;
  std::uint8_t sequence = 0;
};
// The FCI's entries (RFC 5104 §4.3.1.1), index below control.size() / 8.
Fir fir_entry(Bytes control, std::size_t index) noexcept;

struct Remb {
  std::uint64_t bits_per_second = 0;
  std::uint8_t ssrcs = 0;  // how many follow
};
Result<Remb> parse_remb(Bytes control) noexcept;

// The SSRCs of a BYE, index below block.count.
Result<std::uint32_t> bye_ssrc(const Block& block, std::size_t index) noexcept;

struct Cname {
  std::uint32_t ssrc = 0;
  std::string_view name;
};
// The CNAME items of an SDES; others are skipped. Checks the whole block first.
Result<std::vector<Cname>> parse_sdes(const Block& block);

// ---- transport-wide congestion feedback ----

struct Arrival {
  std::uint16_t sequence = 0;
  bool received = false;
  std::int64_t time_us = 0;  // on the receiver's clock, from the reference time; only if received
};

struct TransportFeedback {
  std::uint8_t count = 0;  // feedback packet count
  std::vector<Arrival> arrivals;
};
inline constexpr std::size_t feedback_packets_max = 65535;
// `out` keeps its capacity between calls. malformed where the chunks or deltas run over the end.
Result<void> parse_transport_feedback(Bytes control, TransportFeedback& out);

// One packet's arrival, as build_transport_feedback takes it: ascending sequence, gaps are losses.
struct Received {
  std::uint64_t sequence = 0;  // unwrapped
  std::int64_t time_us = 0;
};
// What one feedback packet could hold: how many of `received` it covers and its FCI's length.
struct FeedbackExtent {
  std::size_t packets = 0;
  std::size_t bytes = 0;
};
// Writes reference time, chunks and deltas for as many of `received` as fit into `out` and are
// within 8.192 s of each other's deltas. `base` is the first sequence reported on: those before
// received[0] are reported lost. `count` numbers the feedback packets.
FeedbackExtent build_transport_feedback(MutBytes out, std::uint64_t base, std::uint8_t count,
                                        std::span<const Received> received) noexcept;

// ---- writer ----

// Appends packets to one compound; a packet that does not fit is left out and makes fits() false.
class Writer {
 public:
  explicit Writer(MutBytes out) noexcept : out_(out) {}
  struct SenderInfo {
    std::uint32_t ssrc = 0;
    std::uint64_t ntp = 0;
    std::uint32_t rtp_timestamp = 0, packets = 0, octets = 0;
  };
  void sender_report(const SenderInfo& info, std::span<const ReportBlock> blocks) noexcept;
  void receiver_report(std::uint32_t sender, std::span<const ReportBlock> blocks) noexcept;
  void cname(std::uint32_t ssrc, std::string_view name) noexcept;  // name up to 255 bytes
  void bye(std::uint32_t ssrc) noexcept;
  // `sequences` ascending on the shorter way round.
  void nack(std::uint32_t sender, std::uint32_t media,
            std::span<const std::uint16_t> sequences) noexcept;
  void pli(std::uint32_t sender, std::uint32_t media) noexcept;
  void fir(std::uint32_t sender, std::uint32_t media, std::uint8_t sequence) noexcept;
  void remb(std::uint32_t sender, std::uint64_t bits_per_second,
            std::span<const std::uint32_t> ssrcs) noexcept;
  // Returns how many of `received` the packet covers (0: none fits).
  std::size_t transport_feedback(std::uint32_t sender, std::uint32_t media, std::uint64_t base,
                                 std::uint8_t count, std::span<const Received> received) noexcept;

  bool empty() const noexcept { return at_ == 0; }
  bool fits() const noexcept { return fits_; }
  Bytes bytes() const noexcept { return Bytes(out_).first(at_); }

 private:
  // Room for a packet of `body` bytes after the 4-byte head, zeroed; null where it does not fit.
  std::uint8_t* open(Type type, std::uint8_t count, std::size_t body) noexcept;
  void report_blocks(std::uint8_t* at, std::span<const ReportBlock> blocks) noexcept;

  MutBytes out_;
  std::size_t at_ = 0;
  bool fits_ = true;
};

}  // namespace v100::rtcp
