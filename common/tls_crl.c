/* tls_crl - the lists of revoked certificates: read once, held against each peer's own certificate, and when they end.
 */
#include "common/tls_private.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/*
 * A list says who is revoked. That there is none for an issuer, or that it is old, says nothing of a certificate: who
 * refused it then would lock a vehicle out for good with the first list that is not renewed in time.
 */
static int on_verify(int ok, X509_STORE_CTX *store)
{
	int error = X509_STORE_CTX_get_error(store);

	if (ok || (error != X509_V_ERR_UNABLE_TO_GET_CRL && error != X509_V_ERR_CRL_HAS_EXPIRED))
		return ok;
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

/* Return: false with OpenSSL's error if the file cannot be read, has something else than lists in it, or none */
static bool read_lists(const char *path, X509_STORE *store, STACK_OF(X509_CRL) * crls)
{
	BIO *file = BIO_new_file(path, "r");
	X509_CRL *crl;
	bool ok = file != NULL;

	while (ok && (crl = PEM_read_bio_X509_CRL(file, NULL, NULL, NULL)) != NULL) {
		ok = X509_STORE_add_crl(store, crl) == 1 && sk_X509_CRL_push(crls, crl) > 0;
		if (!ok)
			X509_CRL_free(crl);
	}
	BIO_free(file);
	/* behind the last one nothing begins any more, which is no error of one that had a first */
	unsigned long end = ERR_peek_last_error();

	if (!ok || ERR_GET_LIB(end) != ERR_LIB_PEM || ERR_GET_REASON(end) != PEM_R_NO_START_LINE ||
	    sk_X509_CRL_num(crls) == 0)
		return false;
	ERR_clear_error();
	return true;
}

bool tls_crl_use(struct tls_context *context, const char *path)
{
	context->crls = sk_X509_CRL_new_null();
	ERR_clear_error();
	if (!context->crls || !read_lists(path, SSL_CTX_get_cert_store(context->ssl_ctx), context->crls))
		return false;
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context->ssl_ctx), X509_V_FLAG_CRL_CHECK);
	SSL_CTX_set_verify(context->ssl_ctx, SSL_CTX_get_verify_mode(context->ssl_ctx), on_verify);
	return true;
}

bool tls_conn_crl_counts(const struct tls_conn *conn, uint64_t unix_s, char error[TLS_CONN_ERROR_BYTES])
{
	const X509 *peer = SSL_get0_peer_certificate(conn->ssl);
	STACK_OF(X509_CRL) *crls = conn->context->crls;
	time_t when = (time_t)unix_s;
	bool found = false;

	if (!crls || !peer)
		return true;
	for (int i = 0; i < sk_X509_CRL_num(crls); i++) {
		const X509_CRL *crl = sk_X509_CRL_value(crls, i);
		const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

		if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(peer)) != 0)
			continue;
		found = true;
		if (!next || X509_cmp_time(next, &when) > 0)
			return true;
	}
	snprintf(error, TLS_CONN_ERROR_BYTES,
		 found ? "the list of what the issuer of the peer's certificate revoked is out of date"
		       : "there is no list of what the issuer of the peer's certificate revoked");
	return false;
}
