// Every limit of the system, each with its reason. A queue or a parser that needs a bound takes it
// here.
#pragma once

#include <cstddef>

namespace v100::limits {

// HTTP: one ML-DSA-65 signature header is 4,420 B; two and the rest of a request fit in 16 KiB.
inline constexpr std::size_t http_header_bytes = 16 * 1024;
inline constexpr std::size_t http_headers = 100;
inline constexpr std::size_t http_body_bytes = 1024 * 1024;
// WebSocket: the largest signalling message is a bundle of key messages for 200 members in slices.
inline constexpr std::size_t ws_message_bytes = 256 * 1024;
// What a slow reader may leave unsent before the connection is cut.
inline constexpr std::size_t send_queue_bytes = 4 * 1024 * 1024;
inline constexpr std::size_t connections = 20000;
// Rooms: 200 members is the size the key agreement is designed for.
inline constexpr std::size_t room_members = 200;
inline constexpr std::size_t lobby_guests = 100;
inline constexpr std::size_t rooms = 10000;
// Statements kept of a room: some about each member and guest of a long call.
inline constexpr std::size_t room_statements = 8 * (room_members + lobby_guests);
inline constexpr std::size_t display_name_bytes = 128;
inline constexpr std::size_t tracks_per_member = 8;
// UDP: Ethernet's MTU; a datagram above it never came from a browser.
inline constexpr std::size_t datagram_bytes = 1500;
inline constexpr std::size_t sdp_bytes = 256 * 1024;
inline constexpr std::size_t sdp_media =
    512;  // m-lines: 200 members with audio, camera, some screens
inline constexpr std::size_t json_depth = 16;
inline constexpr std::size_t json_keys = 256;  // of one object: looked through for duplicates
// Addresses that are counted for rate limits: a mebibyte or two of buckets.
inline constexpr std::size_t rate_clients = 20000;
// Device keys kept prepared for verification, 37 KiB each: the devices that speak in one minute.
inline constexpr std::size_t prepared_verifiers = 512;
// Commits that wait for the disk: some seconds of them, should it stall.
inline constexpr std::size_t store_queue = 20000;
// Requests and answers on their way between the services of one process.
inline constexpr std::size_t bus_queue = 20000;
// Leaves that wait for the disk: a third of a second of them at 200,000 requests a second, 17 MB.
inline constexpr std::size_t attest_pending = 65536;
// SRTP: replay state is kept for each SSRC. A browser sends 8 tracks in up to 3 layers, each with
// RTX, and new ones after each renegotiation; we send every member's tracks, with RTX, to one.
inline constexpr std::size_t srtp_ssrcs_in = 256;
inline constexpr std::size_t srtp_ssrcs_out = 4 * room_members * tracks_per_member;

}  // namespace v100::limits
