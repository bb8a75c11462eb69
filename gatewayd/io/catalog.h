/*
 * catalog - message ids of the chief events, as systemd/gatewayd.catalog explains them to who asks journalctl -x.
 */
#ifndef GATEWAYD_IO_CATALOG_H
#define GATEWAYD_IO_CATALOG_H

#include "gatewayd/core/gateway.h"

#define CATALOG_DATABASE_DAMAGED "0de0897ba02e49be9feff206923a027f"
#define CATALOG_BUS_LOST         "53723a2ad03945ffa2cf818d12dbf797"
#define CATALOG_BUS_REFUSED      "fc0beb4f50254134b7514ca3437b5a01"
#define CATALOG_BUS_ERRORS       "01ccd3379b62437e91ec12cee54d59ce"
#define CATALOG_FOREIGN_TESTER   "8b663bfa505347fc8437cb8be369c43f"

/* NULL for GATEWAY_EVENT_NONE */
const char *catalog_message_id(enum gateway_event event);

#endif
