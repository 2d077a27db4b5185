# The web client: web/build.mjs writes web/dist (with manifest.json) when its sources change, and
# embed_web.cmake compiles that in. Without node a page is embedded that says so. Sets V100_WEB_SOURCES.
set(web_dir ${CMAKE_SOURCE_DIR}/web)
set(web_out ${CMAKE_CURRENT_BINARY_DIR}/web)
set(web_dist ${CMAKE_BINARY_DIR}/web-dist)
file(MAKE_DIRECTORY ${web_out})
find_program(NODE_PROGRAM NAMES node nodejs)
find_program(NPM_PROGRAM NAMES npm)

file(GLOB_RECURSE web_inputs CONFIGURE_DEPENDS
  ${web_dir}/*.ts ${web_dir}/*.css ${web_dir}/*.html ${web_dir}/*.svg ${web_dir}/build.mjs
  ${web_dir}/package-lock.json ${web_dir}/tsconfig.json)
list(FILTER web_inputs EXCLUDE REGEX "/(node_modules|dist)/")
if(NODE_PROGRAM AND NPM_PROGRAM AND TARGET v100_wasm AND EXISTS ${web_dir}/crypto/worker.ts)
  get_target_property(wasm_file v100_wasm WASM_MODULE)
  add_custom_command(OUTPUT ${web_dist}/manifest.json
    COMMAND ${CMAKE_COMMAND} -DWEB=${web_dir} -DNPM=${NPM_PROGRAM}
            -P ${CMAKE_SOURCE_DIR}/cmake/npm_install.cmake
    COMMAND ${NODE_PROGRAM} ${web_dir}/build.mjs --out ${web_dist} --wasm ${wasm_file}
    DEPENDS ${web_inputs} ${wasm_file} v100_wasm
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMENT "Building the web client" VERBATIM)
  set(web_manifest ${web_dist}/manifest.json)
else()
  message(STATUS "web client: not built here (it needs node, npm and the wasm module)")
  set(web_manifest)
  set(web_dist ${web_out}/absent)
endif()

add_custom_command(OUTPUT ${web_out}/web_client.cpp ${web_out}/web_files.S
  COMMAND ${CMAKE_COMMAND} -DDIST=${web_dist} -DFALLBACK=${CMAKE_SOURCE_DIR}/src/main/web_absent.html
          -DOUT=${web_out} -P ${CMAKE_SOURCE_DIR}/cmake/embed_web.cmake
  DEPENDS ${web_manifest} ${CMAKE_SOURCE_DIR}/src/main/web_absent.html
          ${CMAKE_SOURCE_DIR}/cmake/embed_web.cmake
  COMMENT "Embedding the web client" VERBATIM)
# .incbin is invisible to the compiler's dependency scan.
set_property(SOURCE ${web_out}/web_files.S APPEND PROPERTY OBJECT_DEPENDS ${web_out}/web_client.cpp)
set(V100_WEB_SOURCES ${web_out}/web_client.cpp ${web_out}/web_files.S)
