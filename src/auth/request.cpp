#include "auth/request.h"

namespace v100::auth {

std::string_view RequestView::path() const noexcept {
  const std::string_view path = target.substr(0, target.find('?'));
  return path.empty() ? "/" : path;
}

std::string_view RequestView::query() const noexcept {
  const std::size_t at = target.find('?');
  return at == target.npos ? "?" : target.substr(at);
}

std::string_view RequestView::header(std::string_view name) const noexcept {
  for (const wire::HttpHeader& field : headers) {
    if (wire::same_token(field.name, name)) {
      return field.value;
    }
  }
  return {};
}

}  // namespace v100::auth
