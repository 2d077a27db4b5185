// Strong<T, Tag>: a number or name that cannot be mistaken for another one of the same
// representation.
#pragma once

#include <compare>
#include <cstddef>
#include <optional>  // std::hash

namespace v100 {

template <class T, class Tag>
class Strong {
 public:
  constexpr Strong() noexcept : value_{} {}
  explicit constexpr Strong(T value) noexcept : value_(static_cast<T&&>(value)) {}
  constexpr const T& value() const noexcept { return value_; }
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;

 private:
  T value_;
};

}  // namespace v100

template <class T, class Tag>
struct std::hash<v100::Strong<T, Tag>> {
  std::size_t operator()(const v100::Strong<T, Tag>& s) const noexcept {
    return std::hash<T>{}(s.value());
  }
};
