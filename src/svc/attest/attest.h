// The attest service: a shard's log behind bus and HTTP. GET /v1/attestations/{id} turns a promise
// into a proof; /log/SHARD/… is the log as c2sp.org/tlog-tiles has it.
#pragma once

#include <memory>

#include "merkle/intake.h"
#include "svc/attest/files.h"
#include "svc/attest/log.h"
#include "svc/service.h"

namespace v100::attest {

// All references outlive the service. Errors as Log::open().
Result<std::unique_ptr<Service>> make_attest(LogOptions options, std::unique_ptr<LogKeys> keys,
                                             Env env, std::unique_ptr<Files> files,
                                             merkle::Intake& intake);

}  // namespace v100::attest
