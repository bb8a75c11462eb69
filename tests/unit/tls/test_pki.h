/* test_pki - certificates made in the test itself, so that their dates and names can be wrong on purpose. */
#ifndef TEST_PKI_H
#define TEST_PKI_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct test_cert {
	EVP_PKEY *key;
	X509 *x509;
	char certificate[300]; /* path of the PEM file */
	char key_path[300];
};

static void test_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (!extension || X509_add_ext(x509, extension, -1) != 1)
		abort();
	X509_EXTENSION_free(extension);
}

/* @issuer: NULL for a CA of its own; @san: "DNS:localhost" or NULL; @from_s, @to_s: seconds from now */
static struct test_cert test_cert_make(const char *dir, const char *name, const struct test_cert *issuer,
				       const char *common_name, const char *san, long from_s, long to_s)
{
	struct test_cert self = {.key = EVP_EC_gen("P-256"), .x509 = X509_new()};
	X509_NAME *subject = X509_get_subject_name(self.x509);

	X509_set_version(self.x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(self.x509), rand());
	X509_gmtime_adj(X509_getm_notBefore(self.x509), from_s);
	X509_gmtime_adj(X509_getm_notAfter(self.x509), to_s);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0);
	X509_set_issuer_name(self.x509, issuer ? X509_get_subject_name(issuer->x509) : subject);
	X509_set_pubkey(self.x509, self.key);
	test_extension(self.x509, issuer ? issuer->x509 : self.x509, NID_basic_constraints,
		       issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
	if (san)
		test_extension(self.x509, issuer->x509, NID_subject_alt_name, san);
	if (!X509_sign(self.x509, issuer ? issuer->key : self.key, EVP_sha256()))
		abort();
	snprintf(self.certificate, sizeof self.certificate, "%s/%s.crt", dir, name);
	snprintf(self.key_path, sizeof self.key_path, "%s/%s.key", dir, name);
	FILE *file = fopen(self.certificate, "w");
	if (!file || !PEM_write_X509(file, self.x509) || fclose(file))
		abort();
	file = fopen(self.key_path, "w");
	if (!file || !PEM_write_PrivateKey(file, self.key, NULL, NULL, 0, NULL, NULL) || fclose(file))
		abort();
	return self;
}

/* what @issuer has revoked, behind what @path holds already; @revoked: NULL = nothing; seconds from now */
static void __attribute__((unused)) test_crl_append(const char *path, const struct test_cert *issuer,
						    const struct test_cert *revoked, long from_s, long to_s)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *from = X509_gmtime_adj(NULL, from_s), *to = X509_gmtime_adj(NULL, to_s);

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x509));
	X509_CRL_set1_lastUpdate(crl, from);
	X509_CRL_set1_nextUpdate(crl, to);
	if (revoked) {
		X509_REVOKED *entry = X509_REVOKED_new();

		X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->x509));
		X509_REVOKED_set_revocationDate(entry, from);
		if (!X509_CRL_add0_revoked(crl, entry))
			abort();
	}
	FILE *file = fopen(path, "a");
	if (!X509_CRL_sign(crl, issuer->key, EVP_sha256()) || !file || !PEM_write_X509_CRL(file, crl) || fclose(file))
		abort();
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	X509_CRL_free(crl);
}

static void test_cert_drop(struct test_cert *self)
{
	unlink(self->certificate);
	unlink(self->key_path);
	EVP_PKEY_free(self->key);
	X509_free(self->x509);
}

#endif
