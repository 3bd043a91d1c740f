# What every target of the tree shares: warnings, sanitizers, hardening.
add_library(columba_flags INTERFACE)
target_include_directories(columba_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(
  columba_flags INTERFACE _GNU_SOURCE COLUMBA_VERSION="${PROJECT_VERSION}"
  $<$<CONFIG:RelWithDebInfo,Release>:_FORTIFY_SOURCE=2>)
target_compile_options(
  columba_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wformat=2 -Wvla -fstack-protector-strong $<$<BOOL:${COLUMBA_WERROR}>:-Werror>)
if(COLUMBA_SANITIZE)
  target_compile_options(columba_flags INTERFACE -fsanitize=${COLUMBA_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(columba_flags INTERFACE -fsanitize=${COLUMBA_SANITIZE})
endif()

# columba_library(name [SOURCES ...] [LINK ...]): a static library of one folder of the tree.
function(columba_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC columba_flags ${arg_LINK})
endfunction()

# columba_program(name [SOURCES ...] [LINK ...]): an installed executable.
function(columba_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE columba_flags ${arg_LINK})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
