# tenon_add_backend(<name> SOURCES <file>... [LIBRARIES <target>...])
#
# One loadable backend module, `tenon-backend-<name>.so`, target `tenon-backend-<name>`. The module sees the
# plugin headers and LIBRARIES, never core. The sources must say TENON_EXPORT_BACKEND once, with the same name.
# Inside Tenon's own build the module is put where libtenon looks for it, and is installed there; in a project
# of its own it stays in the build directory: name that in TENON_PLUGIN_PATH, or install it where you like.
function(tenon_add_backend name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tenon_add_backend(<name> SOURCES <file>... [LIBRARIES <target>...]); got: ${ARGV}")
  endif()
  set(target tenon-backend-${name})
  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE Tenon::plugin ${arg_LIBRARIES})
  target_compile_features(${target} PRIVATE c_std_11 cxx_std_20)
  set_target_properties(${target} PROPERTIES
    PREFIX "" SUFFIX ".so"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(DEFINED TENON_PLUGIN_SUBDIR)
    set_target_properties(${target} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/${TENON_PLUGIN_SUBDIR})
    install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/${TENON_PLUGIN_SUBDIR})
  endif()
endfunction()
