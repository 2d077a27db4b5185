// SHA-256 of parts, for key ids and vectors. Not a front door.
#pragma once

#include <initializer_list>

#include "merkle/merkle.h"

namespace v100::merkle {

Hash sha256(std::initializer_list<Bytes> parts) noexcept;

}  // namespace v100::merkle
