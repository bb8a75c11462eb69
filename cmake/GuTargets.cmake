# Dependencies, warnings, and the functions by which each folder declares its static library and its programs.

find_package(PkgConfig REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3)
pkg_check_modules(SSL REQUIRED IMPORTED_TARGET libssl>=3)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(CYAML REQUIRED IMPORTED_TARGET libcyaml)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
# Debian's libsocketcan ships no pkg-config file.
find_library(SOCKETCAN_LIBRARY socketcan REQUIRED)
find_path(SOCKETCAN_INCLUDE_DIR libsocketcan.h REQUIRED)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

add_library(gu_flags INTERFACE)
target_include_directories(gu_flags INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(gu_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wswitch-enum -Wcast-qual -Wstrict-prototypes -Wmissing-prototypes
  -Wundef -Wvla -Wwrite-strings -Wformat=2 -Werror -fstack-protector-strong -fno-common)
target_compile_definitions(gu_flags INTERFACE GU_VERSION="${PROJECT_VERSION}")
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" OR CMAKE_BUILD_TYPE STREQUAL "Release")
  # Release keeps its assertions: they guard our own invariants on a device that flashes ECUs.
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
  target_compile_definitions(gu_flags INTERFACE _FORTIFY_SOURCE=2)
  target_link_options(gu_flags INTERFACE -Wl,-z,relro -Wl,-z,now)
endif()
if(GU_SANITIZE)
  add_compile_options(-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(GU_FUZZ)
  add_compile_options(-O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# gu_pure_library(NAME [SOURCES…] [LINK…]): no clock, no I/O, no randomness, no globals, no logging. Strict C17 without
# _GNU_SOURCE, which makes a call of clock_gettime() a compile error. tests/arch checks the archive's undefined symbols.
function(gu_pure_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC gu_flags ${arg_LINK})
  set_property(GLOBAL APPEND PROPERTY GU_PURE_LIBRARIES ${name})
endfunction()

# gu_library(NAME [SOURCES…] [LINK…]): an impure layer, with the GNU and Linux interfaces it needs.
function(gu_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
  target_link_libraries(${name} PUBLIC gu_flags ${arg_LINK})
endfunction()

# gu_program(NAME COMPONENT package [MAN section] [DESTINATION dir] SOURCES… LINK…): a binary in build/<preset>/bin that is
# installed with its manual page (section 1) and what bash completes of it.
function(gu_program name)
  cmake_parse_arguments(arg "" "COMPONENT;MAN;DESTINATION" "SOURCES;LINK" ${ARGN})
  if(NOT arg_DESTINATION)
    set(arg_DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
  if(NOT arg_MAN)
    set(arg_MAN 1)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
  target_link_libraries(${name} PRIVATE gu_flags ${arg_LINK})
  install(TARGETS ${name} COMPONENT ${arg_COMPONENT} RUNTIME DESTINATION "${arg_DESTINATION}")
  install(FILES "${CMAKE_SOURCE_DIR}/docs/man/${name}.${arg_MAN}" COMPONENT ${arg_COMPONENT}
    DESTINATION "${CMAKE_INSTALL_MANDIR}/man${arg_MAN}")
  install(FILES "${CMAKE_SOURCE_DIR}/packaging/completion/${name}" COMPONENT ${arg_COMPONENT}
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
endfunction()

# gu_protobuf(NAME PROTO…): generated code in a target of its own, outside our warnings. #include "x.pb-c.h".
function(gu_protobuf name)
  find_program(PROTOC_C protoc-c REQUIRED)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/pb")
  set(sources)
  foreach(proto IN LISTS ARGN)
    get_filename_component(base "${proto}" NAME_WE)
    add_custom_command(
      OUTPUT "${out}/${base}.pb-c.c" "${out}/${base}.pb-c.h"
      COMMAND ${CMAKE_COMMAND} -E make_directory "${out}"
      COMMAND ${PROTOC_C} "--c_out=${out}" "--proto_path=${CMAKE_CURRENT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}/${proto}"
      DEPENDS ${ARGN} VERBATIM)
    list(APPEND sources "${out}/${base}.pb-c.c" "${out}/${base}.pb-c.h")
  endforeach()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} SYSTEM PUBLIC "${out}")
  target_link_libraries(${name} PUBLIC PkgConfig::PROTOBUF_C)
  # protobuf-c's initializers cast const away in macros, which gcc excuses as a system header's and clang does not.
  target_compile_options(${name} INTERFACE $<$<C_COMPILER_ID:Clang>:-Wno-cast-qual>)
endfunction()

# gu_tests(AREA LINK…): every tests/unit/AREA/*.c becomes one cmocka program in build/<preset>/tests/unit.
function(gu_tests area)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${area}/*.c")
  foreach(source IN LISTS sources)
    get_filename_component(base "${source}" NAME_WE)
    set(target "unit-${area}-${base}")
    add_executable(${target} "${source}")
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}/tests")
    target_link_libraries(${target} PRIVATE gu_flags ${arg_LINK} PkgConfig::CMOCKA)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/unit")
  endforeach()
endfunction()
