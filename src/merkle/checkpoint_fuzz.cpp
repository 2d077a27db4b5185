// Notes, checkpoints and verifier keys: what is taken is written back byte for byte.
#include "merkle/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace v100;
  using namespace v100::merkle;
  const std::string_view text = as_text({data, size});
  if (const auto note = parse_note(text)) {
    CHECK(write_note(*note) == text);
    (void)parse_checkpoint(note->text);
  }
  if (const auto checkpoint = parse_checkpoint(text)) {
    CHECK(text.starts_with(checkpoint_text(*checkpoint)));
  }
  if (const auto key = Vkey::parse(text)) {
    CHECK(Vkey::parse(key->text())->id() == key->id());
    (void)open_checkpoint(text, std::span(&*key, 1));
  }
  return 0;
}
