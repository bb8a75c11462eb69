gu_library(tlsconn SOURCES tls_context.c tls_crl.c tls_conn.c tls_connect.c LINK PkgConfig::UV PkgConfig::SSL PkgConfig::CRYPTO)
