# Run by cpack on each package's files, before they are packed: what only Debian wants of them.
cmake_policy(VERSION 3.25)
unset(ENV{DESTDIR}) # of the installation before; file(INSTALL) would heed it

function(compress file)
  execute_process(COMMAND gzip -9nf "${file}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(add file name folder)
  file(INSTALL "${CPACK_GU_DEBIAN_DIR}/${file}" DESTINATION "${folder}" RENAME "${name}" MESSAGE_NEVER
    FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()

foreach(package IN LISTS CPACK_COMPONENTS_ALL)
  set(share "${CPACK_TEMPORARY_DIRECTORY}/${package}/usr/share")
  file(GLOB_RECURSE pages "${share}/man/*.[1-8]")
  foreach(page IN LISTS pages)
    compress("${page}")
  endforeach()
  add(copyright copyright "${share}/doc/${package}")
  add(changelog changelog.Debian "${share}/doc/${package}")
  compress("${share}/doc/${package}/changelog.Debian")
  add("${package}/lintian-overrides" "${package}" "${share}/lintian/overrides")
endforeach()
# Where a gateway's configuration goes. dpkg takes the folder away with the package once it is empty.
file(MAKE_DIRECTORY "${CPACK_TEMPORARY_DIRECTORY}/gatewayd/etc/gatewayd")
