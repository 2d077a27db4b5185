// The API's description, from the routes themselves: OpenAPI 3.1.
#pragma once

#include <string>

#include "svc/gateway/routes.h"

namespace v100::gateway {

std::string openapi(const Routes& routes);

}  // namespace v100::gateway
