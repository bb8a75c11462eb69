# Debian packages, made by `cmake --build --preset release --target package` or `cpack --preset release`; they come to lie
# in packages/ of the build tree. A package is the component of its name; packaging/debian/ has what only Debian wants.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME gateway-update)
set(CPACK_PACKAGE_VENDOR "gateway-update")
set(CPACK_PACKAGE_CONTACT "Gateway update maintainers <maintainers@gateway-update.example>")
set(CPACK_COMPONENTS_ALL gatewayd ecu-flash gateway-sim)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_OUTPUT_FILE_PREFIX "${CMAKE_BINARY_DIR}/packages")
set(CPACK_STRIP_FILES ON)
# absolute paths in what is installed (the unit's ExecStart) are those of the target, not of the folder packed
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS "${CMAKE_CURRENT_LIST_DIR}/PackageFiles.cmake")
set(CPACK_GU_DEBIAN_DIR "${CMAKE_SOURCE_DIR}/packaging/debian")

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_GATEWAYD_PACKAGE_NAME gatewayd)
set(CPACK_DEBIAN_GATEWAYD_PACKAGE_SECTION net)
set(CPACK_DEBIAN_GATEWAYD_PACKAGE_DEPENDS "systemd, default-dbus-system-bus | dbus-system-bus, tzdata")
set(CPACK_DEBIAN_GATEWAYD_PACKAGE_RECOMMENDS "ecu-flash, polkitd")
set(CPACK_DEBIAN_GATEWAYD_PACKAGE_SUGGESTS "gateway-sim, iproute2")
set(CPACK_DEBIAN_GATEWAYD_DESCRIPTION "daemon that updates the ECUs behind a vehicle's gateway
gatewayd takes campaigns from an OEM's backend over TLS, verifies them, keeps
the images locally, waits for the window and for the vehicle to be ready,
flashes the ECUs over CAN with UDS, verifies them, and reports.

This package has the daemon, its systemd unit, its D-Bus interface and the
command gatewayctl.")
set(CPACK_DEBIAN_GATEWAYD_PACKAGE_CONTROL_EXTRA
  "${CPACK_GU_DEBIAN_DIR}/gatewayd/postinst;${CPACK_GU_DEBIAN_DIR}/gatewayd/prerm;${CPACK_GU_DEBIAN_DIR}/gatewayd/postrm")

set(CPACK_DEBIAN_ECU-FLASH_PACKAGE_NAME ecu-flash)
set(CPACK_DEBIAN_ECU-FLASH_PACKAGE_SECTION electronics)
set(CPACK_DEBIAN_ECU-FLASH_PACKAGE_SUGGESTS "can-utils, iproute2")
set(CPACK_DEBIAN_ECU-FLASH_DESCRIPTION "flash tool for ECUs on a bench, with UDS on CAN
ecu-flash finds ECUs on a bus, reads their identification, trouble codes and
memory, tries requests, flashes them from Intel HEX, S-record or raw files as
an ECU profile in YAML says, and tells errors by what the ECU meant.

manifestctl makes keys and signs what gatewayd is to install; can-rate
computes the rate of a flash from a log of candump.")

set(CPACK_DEBIAN_GATEWAY-SIM_PACKAGE_NAME gateway-sim)
set(CPACK_DEBIAN_GATEWAY-SIM_PACKAGE_SECTION electronics)
set(CPACK_DEBIAN_GATEWAY-SIM_PACKAGE_DEPENDS "openssl")
set(CPACK_DEBIAN_GATEWAY-SIM_PACKAGE_RECOMMENDS "ecu-flash")
set(CPACK_DEBIAN_GATEWAY-SIM_PACKAGE_SUGGESTS "gatewayd, can-utils")
set(CPACK_DEBIAN_GATEWAY-SIM_DESCRIPTION "virtual ECUs, CAN bus, vehicle and backend for gatewayd
What gatewayd and ecu-flash are tried with where there is no vehicle: virtual
ECUs with boot loader and flash memory, a CAN bus on a socket, a vehicle's
ignition, speed and battery, and a reference backend with its command oemctl.

The keys and certificates that it can make are for tests alone.")

include(CPack)
