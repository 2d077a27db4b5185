// Any bytes as an RTCP compound: every reader stays in bounds.
#include "wire/rtcp.h"

using namespace v100;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rtcp::CompoundReader reader(Bytes(data, size));
  rtcp::TransportFeedback feedback_out;
  for (rtcp::Block block; reader.next(block);) {
    (void)rtcp::parse_report(block);
    (void)rtcp::parse_sdes(block);
    for (std::size_t i = 0; i < block.count; ++i) {
      (void)rtcp::bye_ssrc(block, i);
    }
    const auto feedback = rtcp::parse_feedback(block);
    if (!feedback) {
      continue;
    }
    (void)rtcp::parse_remb(feedback->control);
    std::size_t asked = 0;
    rtcp::for_each_nack(feedback->control, [&](std::uint16_t) { ++asked; });
    CHECK(asked <= feedback->control.size() / 4 * 17);
    for (std::size_t i = 0; i < feedback->control.size() / 8; ++i) {
      (void)rtcp::fir_entry(feedback->control, i);
    }
    if (rtcp::parse_transport_feedback(feedback->control, feedback_out)) {
      CHECK(feedback_out.arrivals.size() <= rtcp::feedback_packets_max);
    }
  }
  return 0;
}
