// A plain map with a use counter; the oldest is looked for only when a new key drives one out.
#include "svc/identity/verifiers.h"

#include <algorithm>

namespace v100::identity {

const Verifiers::Prepared* Verifiers::find(const e2ee::Fingerprint& device) {
  const auto found = kept_.find(device.value());
  if (found == kept_.end()) {
    return nullptr;
  }
  found->second.used = ++clock_;
  return found->second.prepared.get();
}

void Verifiers::add(const e2ee::Fingerprint& device, const e2ee::DeviceKey& key) {
  if (kept_.contains(device.value())) {
    return;
  }
  if (kept_.size() >= most_) {
    kept_.erase(std::min_element(kept_.begin(), kept_.end(), [](const auto& a, const auto& b) {
      return a.second.used < b.second.used;
    }));
  }
  kept_.emplace(device.value(), Kept{std::make_unique<Prepared>(key), ++clock_});
}

}  // namespace v100::identity
