// The web client, as compiled in by cmake/embed_web.cmake.
#pragma once

#include <span>

#include "net/assets.h"

namespace v100 {

// Sorted by path; holds at least the page "/", which then says that no client was built.
std::span<const net::Asset> web_client() noexcept;
bool web_client_is_built() noexcept;

}  // namespace v100
