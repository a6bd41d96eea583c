# Finds a CBLAS: OpenBLAS where there is one, else any library called blis, cblas or blas that has cblas_sgemm.
# Gives CBLAS::CBLAS and CBLAS_NAME ("CBLAS (OpenBLAS 0.3.21)"). Another library can be named with
# -DCBLAS_LIBRARY=... -DCBLAS_INCLUDE_DIR=...
include(CheckFunctionExists)
include(CMakePushCheckState)
include(FindPackageHandleStandardArgs)

find_path(CBLAS_INCLUDE_DIR cblas.h PATH_SUFFIXES openblas openblas-openmp)
find_library(CBLAS_LIBRARY NAMES openblas blis cblas blas PATH_SUFFIXES openblas-openmp)

if(CBLAS_LIBRARY)
  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_LIBRARIES ${CBLAS_LIBRARY})
  check_function_exists(cblas_sgemm CBLAS_HAS_SGEMM)
  cmake_pop_check_state()
endif()

get_filename_component(CBLAS_NAME "${CBLAS_LIBRARY}" NAME_WE)
set(CBLAS_NAME "CBLAS (${CBLAS_NAME})")
if(CBLAS_LIBRARY MATCHES "openblas" AND CBLAS_INCLUDE_DIR)
  find_file(CBLAS_OPENBLAS_CONFIG openblas_config.h
    HINTS ${CBLAS_INCLUDE_DIR} PATH_SUFFIXES openblas openblas-openmp)
  mark_as_advanced(CBLAS_OPENBLAS_CONFIG)
  if(CBLAS_OPENBLAS_CONFIG)
    file(STRINGS ${CBLAS_OPENBLAS_CONFIG} CBLAS_VERSION_LINE REGEX "define OPENBLAS_VERSION")
    if(CBLAS_VERSION_LINE MATCHES "OpenBLAS ([0-9.]+)")
      set(CBLAS_NAME "CBLAS (OpenBLAS ${CMAKE_MATCH_1})")
    endif()
  endif()
endif()

find_package_handle_standard_args(CBLAS REQUIRED_VARS CBLAS_LIBRARY CBLAS_INCLUDE_DIR CBLAS_HAS_SGEMM)
mark_as_advanced(CBLAS_LIBRARY CBLAS_INCLUDE_DIR)

if(CBLAS_FOUND AND NOT TARGET CBLAS::CBLAS)
  add_library(CBLAS::CBLAS UNKNOWN IMPORTED)
  set_target_properties(CBLAS::CBLAS PROPERTIES
    IMPORTED_LOCATION ${CBLAS_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${CBLAS_INCLUDE_DIR})
endif()
