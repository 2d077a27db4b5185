# Compiles web/dist into the program: cmake -DDIST=web/dist -DFALLBACK=page.html -DOUT=folder -P embed_web.cmake
# writes OUT/web_files.S (the bytes, by .incbin) and OUT/web_client.cpp (the table of main/web_client.h).
cmake_minimum_required(VERSION 3.25)

set(paths)
set(built true)
if(EXISTS ${DIST}/manifest.json)
  # {"/path": {"file": "name below dist", "type": "text/html", ...}}
  file(READ ${DIST}/manifest.json manifest)
  string(JSON count LENGTH "${manifest}")
  math(EXPR last "${count} - 1")
  foreach(i RANGE ${last})
    string(JSON path MEMBER "${manifest}" ${i})
    string(JSON file GET "${manifest}" "${path}" file)
    string(JSON type GET "${manifest}" "${path}" type)
    set(key "${path}")
    if(NOT key MATCHES "^/")
      set(key "/${path}")
    endif()
    list(APPEND paths "${key}")
    set("file_of_${key}" ${DIST}/${file})
    set("type_of_${key}" "${type}")
  endforeach()
else()
  set(built false)
  message(STATUS "web client: not built (no ${DIST}/manifest.json); a page that says so is embedded")
  list(APPEND paths /)
  set(file_of_/ ${FALLBACK})
  set(type_of_/ "text/html")
endif()
list(SORT paths)

set(bytes "# Made by cmake/embed_web.cmake.\n.section .rodata\n")
set(externs "")
set(rows "")
set(number 0)

# One file as symbols NAME and NAME_end, aligned as a cache line is.
function(add_bytes name file)
  set(bytes "${bytes}.balign 64\n.global ${name}\n${name}:\n.incbin \"${file}\"\n.global ${name}_end\n${name}_end:\n.byte 0\n"
      PARENT_SCOPE)
  set(externs "${externs}extern const std::uint8_t ${name}[];\nextern const std::uint8_t ${name}_end[];\n" PARENT_SCOPE)
endfunction()

foreach(path ${paths})
  set(file "${file_of_${path}}")
  set(type "${type_of_${path}}")
  if(type MATCHES "^text/|javascript|json|svg|manifest" AND NOT type MATCHES "charset")
    set(type "${type}; charset=utf-8")
  endif()
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 32 etag)
  set(immutable false)
  if(path MATCHES "^/assets/")  # named by their content
    set(immutable true)
  endif()
  add_bytes(v100_web_${number} ${file})
  set(gzip "{}")
  file(SIZE ${file} size)
  if(size GREATER 512 AND NOT type MATCHES "^(image/(png|jpeg|webp|avif)|font/woff2|audio/|video/)")
    file(ARCHIVE_CREATE OUTPUT ${OUT}/${number}.gz PATHS ${file} FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
    file(SIZE ${OUT}/${number}.gz packed)
    if(packed LESS size)
      add_bytes(v100_web_${number}_gz ${OUT}/${number}.gz)
      set(gzip "{v100_web_${number}_gz, v100_web_${number}_gz_end}")
    endif()
  endif()
  set(rows "${rows}    {\"${path}\", \"${type}\", \"${etag}\", {v100_web_${number}, v100_web_${number}_end}, ${gzip}, ${immutable}},\n")
  math(EXPR number "${number} + 1")
endforeach()

file(WRITE ${OUT}/web_files.S "${bytes}.section .note.GNU-stack,\"\",%progbits\n")
file(WRITE ${OUT}/web_client.cpp "// Made by cmake/embed_web.cmake.
#include \"main/web_client.h\"

extern \"C\" {
${externs}}

namespace v100 {

std::span<const net::Asset> web_client() noexcept {
  static const net::Asset table[] = {
${rows}  };
  return table;
}

bool web_client_is_built() noexcept { return ${built}; }

}  // namespace v100
")
