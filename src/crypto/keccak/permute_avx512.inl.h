// Keccak-f[1600] for registers of one width (xmm, ymm, zmm: one, four, eight states), written as
// assembler macros because no compiler keeps it out of memory: with 25 words and 7 temporaries the
// 32 registers are exactly full. Compilers spill 15 words a round and move 16 more.
//
// Nothing moves for pi either: chi writes each row over its own five sources, and the next round
// gets the register numbers in the order in which the words then lie. After 24 rounds, the order of
// pi, they are back in place. The rows are pipelined by hand: theta and rho of the next row stand
// before chi of this one, which hides the latency of the rotations.
//
// Cycles a state on Zen 5: 95 for eight (clang's own code 98 to 114, g++ 12's 119), 186 for four,
// 745 for one, where 64-bit registers need 930. 90 operations a round on four ports bound it by 67.
#pragma once

asm(R"(
.macro v100_keccak_rho_row r, d0, d1, d2, d3, d4, b0, b1, b2, b3, b4, n0, n1, n2, n3, n4
  vpxorq %\r\d0, %\r\b0, %\r\b0
  vpxorq %\r\d1, %\r\b1, %\r\b1
  vpxorq %\r\d2, %\r\b2, %\r\b2
  vpxorq %\r\d3, %\r\b3, %\r\b3
  vpxorq %\r\d4, %\r\b4, %\r\b4
.if \n0
  vprolq $\n0, %\r\b0, %\r\b0
.endif
  vprolq $\n1, %\r\b1, %\r\b1
  vprolq $\n2, %\r\b2, %\r\b2
  vprolq $\n3, %\r\b3, %\r\b3
  vprolq $\n4, %\r\b4, %\r\b4
.endm

.macro v100_keccak_chi_row r, b0, b1, b2, b3, b4
  vmovdqa64 %\r\b0, %\r\()27
  vmovdqa64 %\r\b1, %\r\()28
  vpternlogq $0xd2, %\r\b2, %\r\b1, %\r\b0
  vpternlogq $0xd2, %\r\b3, %\r\b2, %\r\b1
  vpternlogq $0xd2, %\r\b4, %\r\b3, %\r\b2
  vpternlogq $0xd2, %\r\()27, %\r\b4, %\r\b3
  vpternlogq $0xd2, %\r\()28, %\r\()27, %\r\b4
.endm

.macro v100_keccak_parity r, c, w0, w1, w2, w3, w4
  vmovdqa64 %\r\w0, %\r\c
  vpternlogq $0x96, %\r\w1, %\r\w2, %\r\c
  vpternlogq $0x96, %\r\w3, %\r\w4, %\r\c
.endm

# One round on words a0..a24; the constant at offset `at` of (%rsi). Parities are in 25..29; the
# columns' differences d0..d4 come to lie in 26, 30, 31, 29, 25.
.macro v100_keccak_round r, all, at, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, )"
    R"(a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24
  v100_keccak_parity \r, 27, \a2, \a7, \a12, \a17, \a22
  v100_keccak_parity \r, 25, \a0, \a5, \a10, \a15, \a20
  v100_keccak_parity \r, 28, \a3, \a8, \a13, \a18, \a23
  v100_keccak_parity \r, 26, \a1, \a6, \a11, \a16, \a21
  v100_keccak_parity \r, 29, \a4, \a9, \a14, \a19, \a24
  vprolq $1, %\r\()27, %\r\()30
  vprolq $1, %\r\()28, %\r\()31
  vpxorq %\r\()25, %\r\()30, %\r\()30
  vpxorq %\r\()26, %\r\()31, %\r\()31
  vprolq $1, %\r\()25, %\r\()25
  vprolq $1, %\r\()26, %\r\()26
  vpxorq %\r\()28, %\r\()25, %\r\()25
  vpxorq %\r\()29, %\r\()26, %\r\()26
  vprolq $1, %\r\()29, %\r\()29
  vpxorq %\r\()27, %\r\()29, %\r\()29
  v100_keccak_rho_row \r, 26, 30, 31, 29, 25, \a0, \a6, \a12, \a18, \a24, 0, 44, 43, 21, 14
  v100_keccak_rho_row \r, 29, 25, 26, 30, 31, \a3, \a9, \a10, \a16, \a22, 28, 20, 3, 45, 61
  v100_keccak_chi_row \r, \a0, \a6, \a12, \a18, \a24
  vpxorq \at(%rsi)\all, %\r\a0, %\r\a0
  v100_keccak_rho_row \r, 30, 31, 29, 25, 26, \a1, \a7, \a13, \a19, \a20, 1, 6, 25, 8, 18
  v100_keccak_chi_row \r, \a3, \a9, \a10, \a16, \a22
  v100_keccak_rho_row \r, 25, 26, 30, 31, 29, \a4, \a5, \a11, \a17, \a23, 27, 36, 10, 15, 56
  v100_keccak_chi_row \r, \a1, \a7, \a13, \a19, \a20
  v100_keccak_rho_row \r, 31, 29, 25, 26, 30, \a2, \a8, \a14, \a15, \a21, 62, 55, 39, 41, 2
  v100_keccak_chi_row \r, \a4, \a5, \a11, \a17, \a23
  v100_keccak_chi_row \r, \a2, \a8, \a14, \a15, \a21
.endm

# Two rounds, then the rest: the second of the two, and the recursion, see the words where pi has
# put them.
.macro v100_keccak_rounds r, all, at, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, )"
    R"(a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24
  v100_keccak_round \r, \all, \at, \a0, \a1, \a2, \a3, \a4, \a5, \a6, \a7, \a8, \a9, \a10, )"
    R"(\a11, \a12, \a13, \a14, \a15, \a16, \a17, \a18, \a19, \a20, \a21, \a22, \a23, \a24
  v100_keccak_round \r, \all, (\at+8), \a0, \a6, \a12, \a18, \a24, \a3, \a9, \a10, \a16, )"
    R"(\a22, \a1, \a7, \a13, \a19, \a20, \a4, \a5, \a11, \a17, \a23, \a2, \a8, \a14, \a15, \a21
.if \at < 32
  v100_keccak_rounds \r, \all, (\at+16), \a0, \a9, \a13, \a17, \a21, \a18, \a22, \a1, \a5, )"
    R"(\a14, \a6, \a10, \a19, \a23, \a2, \a24, \a3, \a7, \a11, \a15, \a12, \a16, \a20, \a4, \a8
.endif
.endm

.macro v100_keccak_turn r, a, b, c, d
  vmovdqa64 %\r\a, %\r\()25
  vmovdqa64 %\r\b, %\r\a
  vmovdqa64 %\r\c, %\r\b
  vmovdqa64 %\r\d, %\r\c
  vmovdqa64 %\r\()25, %\r\d
.endm

# Four times six rounds, after each of which the words go back to their places.
# The permutation: constants at %rsi, which it uses up, as it does %rax and the flags.
# crypto/slhdsa/kernel_avx512.cpp builds on it too.
.macro v100_keccak_f1600 r, all
  mov $4, %eax
  .p2align 5
1:
  v100_keccak_rounds \r, \all, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, )"
    R"(17, 18, 19, 20, 21, 22, 23, 24
  v100_keccak_turn \r, 1, 2, 4, 3
  v100_keccak_turn \r, 5, 10, 20, 15
  v100_keccak_turn \r, 6, 12, 24, 18
  v100_keccak_turn \r, 7, 14, 23, 16
  v100_keccak_turn \r, 8, 11, 22, 19
  v100_keccak_turn \r, 9, 13, 21, 17
  add $48, %rsi
  dec %eax
  jnz 1b
.endm

.macro v100_keccak_load r, load, step, words:vararg
.irp w, \words
  \load (\step*\w)(%rdi), %\r\w
.endr
.endm
.macro v100_keccak_store r, store, step, words:vararg
.irp w, \words
  \store %\r\w, (\step*\w)(%rdi)
.endr
.endm
)");
