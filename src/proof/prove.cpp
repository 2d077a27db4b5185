// Prover of the front door: checks, randomness, wiping.
#include "base/ct.h"
#include "crypto/keccak/keccak.h"
#include "proof/prover.h"
#include "proof/statement.h"
#include "proof/trace.h"

namespace v100::proof {

struct Prover::Workspace : ProverState {
  using ProverState::ProverState;
};

Prover::Prover(Preset preset)
    : work_(std::make_unique<Workspace>(*find_params(static_cast<std::uint8_t>(preset)))) {}
Prover::Prover(Prover&&) noexcept = default;
Prover& Prover::operator=(Prover&&) noexcept = default;
Prover::~Prover() = default;

Result<Buffer> Prover::prove(const Statement& statement, const Witness& witness, Random& random) {
  TRY(check_statement(statement));
  if (witness.path.size() != statement.depth || witness.index >> statement.depth != 0) {
    return fail(Errc::malformed, "a path of another length than the tree is deep");
  }
  const Result<void> filled = fill_trace(work_->trace, statement, witness);
  if (!filled) {
    work_->trace.clear();
    return std::unexpected(filled.error());
  }
  // The key goes in too: a broken source of randomness does not then give it away.
  ByteArray<32> fresh;
  random.fill(fresh);
  ByteArray<64> seed;
  const std::uint8_t depth = static_cast<std::uint8_t>(statement.depth);
  keccak::shake256(seed, {as_bytes("V100 proof randomness"), fresh, witness.key.expose(),
                          Bytes(&depth, 1), Bytes(&statement.level_min, 1), statement.root,
                          statement.pseudonym, statement.context, statement.message});
  Buffer out = prove_trace(*work_, statement, seed);
  wipe(fresh);
  wipe(seed);
  work_->wipe_secrets();
  ct::unpoison(out);
  return out;
}

Result<Buffer> prove(Preset preset, const Statement& statement, const Witness& witness,
                     Random& random) {
  return Prover(preset).prove(statement, witness, random);
}

}  // namespace v100::proof
