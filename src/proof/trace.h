// The honest trace: 32 rows of `columns` canonical numbers, the mask columns left alone.
#pragma once

#include "proof/proof.h"
#include "proof/words.h"

namespace v100::proof {

// The path is as long as the depth. What comes out proves the statement if its root, pseudonym and
// level are the witness's; the result says whether they are, without saying which is not.
Result<void> fill_trace(Words& trace, const Statement& statement, const Witness& witness) noexcept;

}  // namespace v100::proof
