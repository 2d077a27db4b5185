// Constant-time cases of BFV and the encrypted match, for ct_check.
#pragma once

void bfv_keygen();
void bfv_encrypt_symmetric();
void bfv_encrypt_public();
void bfv_decrypt();
void match_mask();
void match_probe();
void match_accept();
