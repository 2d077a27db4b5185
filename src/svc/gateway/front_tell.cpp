// What the Front counted, as metrics.
#include <string>

#include "svc/gateway/front.h"

namespace v100::gateway {
namespace {

void add(Meter& meter, std::string_view name, std::string_view label, std::uint64_t now,
         std::uint64_t& told) {
  if (now != told) {
    meter.count(name, label, now - told);
    told = now;
  }
}

}  // namespace

void Front::tell(Meter& meter) {
  const FrontCounters& c = counters_;
  FrontCounters& t = told_;
  add(meter, "v100_gateway_requests_total", "", c.requests, t.requests);
  add(meter, "v100_gateway_handled_total", "", c.handled, t.handled);
  add(meter, "v100_gateway_attested_total", "", c.attested, t.attested);
  add(meter, "v100_gateway_waited_for_log_total", "", c.waited, t.waited);
  add(meter, "v100_gateway_retried_total", "", c.retried, t.retried);
  add(meter, "v100_gateway_replayed_answers_total", "", c.replayed_answers, t.replayed_answers);
  add(meter, "v100_gateway_cache_total", "result=\"hit\"", c.cache_hits, t.cache_hits);
  add(meter, "v100_gateway_cache_total", "result=\"miss\"", c.cache_misses, t.cache_misses);
  add(meter, "v100_gateway_cache_total", "result=\"coalesced\"", c.coalesced, t.coalesced);
  const auto refused = [&](const char* label, std::uint64_t now, std::uint64_t& told) {
    add(meter, "v100_gateway_refused_total", label, now, told);
  };
  refused("reason=\"overloaded\"", c.shed, t.shed);
  refused("reason=\"signature_required\"", c.no_signature, t.no_signature);
  refused("reason=\"scope_missing\"", c.no_scope, t.no_scope);
  refused("reason=\"rate_address\"", c.over_limit[0], t.over_limit[0]);
  refused("reason=\"rate_key\"", c.over_limit[1], t.over_limit[1]);
  refused("reason=\"rate_tenant\"", c.over_limit[2], t.over_limit[2]);
  refused("reason=\"too_large\"", c.too_large, t.too_large);
  refused("reason=\"timed_out\"", c.timed_out, t.timed_out);
  refused("reason=\"circuit_open\"", c.breaker, t.breaker);
  refused("reason=\"log_unavailable\"", c.unattested, t.unattested);
  meter.gauge("v100_gateway_in_hand", "", static_cast<std::int64_t>(in_hand_));
  meter.gauge("v100_gateway_overloaded", "", overloaded_ ? 1 : 0);
  meter.gauge("v100_gateway_cache_bytes", "", static_cast<std::int64_t>(cache_.bytes()));
  for (const Route& route : routes_.all()) {
    std::string label("route=\"");
    label.append(route.method).append(" ").append(route.path).append("\"");
    meter.gauge("v100_gateway_circuit_open", label,
                route.breaker.state() == Breaker::State::closed ? 0 : 1);
  }
  if (gate_ == nullptr) {
    return;
  }
  const auth::GateCounters& g = gate_->counters();
  for (std::size_t lane = 0; lane < auth::lanes; ++lane) {
    for (std::size_t reason = 0; reason < auth::reasons; ++reason) {
      if (g.answers[lane][reason] != gate_told_.answers[lane][reason]) {
        std::string label("lane=\"");
        label.append(auth::name(static_cast<auth::Lane>(lane))).append("\",reason=\"");
        label.append(auth::info(static_cast<auth::Reason>(reason)).name).append("\"");
        add(meter, "v100_gate_answers_total", label, g.answers[lane][reason],
            gate_told_.answers[lane][reason]);
      }
    }
  }
  add(meter, "v100_gate_batches_total", "", g.batches, gate_told_.batches);
  add(meter, "v100_gate_batched_total", "", g.batched, gate_told_.batched);
  add(meter, "v100_gate_prepared_total", "result=\"hit\"", g.prepared_hits,
      gate_told_.prepared_hits);
  add(meter, "v100_gate_prepared_total", "result=\"miss\"", g.prepared_misses,
      gate_told_.prepared_misses);
  add(meter, "v100_gate_clock_backward_total", "", g.clock_backward, gate_told_.clock_backward);
  meter.gauge("v100_gate_batch_max", "", static_cast<std::int64_t>(g.batch_max));
  meter.gauge("v100_gate_nonces", "", static_cast<std::int64_t>(g.nonces));
  meter.gauge("v100_gate_keys", "", static_cast<std::int64_t>(g.keys));
  meter.gauge("v100_gate_prepared_keys", "", static_cast<std::int64_t>(g.prepared));
}

}  // namespace v100::gateway
