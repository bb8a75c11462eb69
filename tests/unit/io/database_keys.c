/* database: versions of director documents count among those of the keys that sign them. */
#include "rig_database.h"

#define ARCHIVED "version<0" /* as SQLite counts: the highest numbers there are */

static struct crypto_key *former; /* the director's, of which another takes the place */

/* the daemon is started with what the configuration says now */
static void start(void)
{
	if (d.database)
		rig_database_close(&d);
	trust_free(d.trust);
	d.trust = rig_trust();
	rig_database_open(&d);
}

/* a new pair of keys: the OEM's, and in the vehicle's configuration */
static void replace_key(void)
{
	former = rig_keys.director;
	rig_keys.director = rig_key(CRYPTO_ED25519, "director.pub");
}

static void store_director(uint64_t version)
{
	rig_database_director(&d, version);
	rig_database_store(&d, rig_everything);
	rig_database_wait(&d);
}

static void the_highest_version_of_a_stolen_key_ends_nothing(void **state)
{
	(void)state;
	start();
	d.gateway->ecus[0].floor.counter = 9;
	store_director(UINT64_MAX);
	start(); /* the same keys: nothing is lower */
	assert_int_equal(d.gateway->director_version, UINT64_MAX);
	replace_key();
	start();
	assert_int_equal(d.gateway->director_version, 0);
	assert_int_equal(d.gateway->ecus[0].floor.counter, 9); /* the author's releases are another matter */
	store_director(1);
	start(); /* once */
	assert_int_equal(d.gateway->director_version, 1);
	assert_int_equal(d.gateway->campaigns[0].director_version, 1);
	crypto_key_free(former);
}

static void the_order_and_the_files_of_the_keys_are_no_matter(void **state)
{
	uint8_t one[32], other[32];
	struct crypto_key *second = rig_key(CRYPTO_ED25519, "director-2.pub");

	(void)state;
	rig_list_key(&rig_config.director_keys, "director-2.pub");
	start();
	trust_director_digest(d.trust, one);
	store_director(RIG_VERSION);
	snprintf(rig_config.director_keys.files[0], CONFIG_PATH_BYTES, "%s", rig_path("director-2.pub"));
	snprintf(rig_config.director_keys.files[1], CONFIG_PATH_BYTES, "%s", rig_path("director.pub"));
	start();
	trust_director_digest(d.trust, other);
	assert_memory_equal(one, other, 32);
	assert_int_equal(d.gateway->director_version, RIG_VERSION);
	rig_config.director_keys.threshold = 2; /* one key alone signs no more */
	start();
	trust_director_digest(d.trust, other);
	assert_memory_not_equal(one, other, 32);
	assert_int_equal(d.gateway->director_version, 0);
	rig_config.director_keys.threshold = 1;
	rig_config.director_keys.n = 1;
	start();
	trust_director_digest(d.trust, other);
	assert_memory_not_equal(one, other, 32);
	crypto_key_free(second);
}

static void a_database_without_them_takes_the_present_ones_as_its_own(void **state)
{
	(void)state;
	start();
	store_director(RIG_VERSION);
	rig_database_close(&d);
	rig_sql("DELETE FROM meta WHERE key='director_keys'");
	start();
	assert_int_equal(d.gateway->director_version, RIG_VERSION);
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM meta WHERE key='director_keys'"), 1);
	replace_key();
	start();
	assert_int_equal(d.gateway->director_version, 0);
	crypto_key_free(former);
}

/* it stands on its document until it is over, whatever versions come meanwhile */
static void an_erased_ecu_outlives_the_key_of_its_campaign(void **state)
{
	(void)state;
	start();
	rig_database_director(&d, RIG_VERSION);
	d.gateway->campaigns[0].state = CAMPAIGN_INSTALLING;
	d.gateway->campaigns[0].targets[0].erased = true;
	rig_database_store(&d, rig_everything);
	replace_key();
	start();
	assert_int_equal(d.gateway->campaigns[0].state, CAMPAIGN_INSTALLING);
	assert_true(d.gateway->campaigns[0].targets[0].erased);
	assert_int_equal(d.gateway->campaigns[0].director_version, 0);
	/* what is not begun goes on, too, until a document of the new key says what lives */
	assert_int_equal(d.gateway->campaigns[1].state, CAMPAIGN_OFFERED);
	assert_int_equal(d.gateway->campaigns[1].n_targets, 2);
	/* the new key's first documents, up to the number of the old one, do not list it */
	for (uint64_t version = 1; version <= RIG_VERSION; version++) {
		struct campaign *was = malloc(sizeof(*was));

		assert_non_null(was);
		*was = d.gateway->campaigns[0];
		d.director.campaign_list[0] = &d.director.campaigns[1];
		d.director.director.n_campaigns = 1;
		rig_database_director(&d, version);
		d.gateway->campaigns[1] = d.gateway->campaigns[0];
		d.gateway->campaigns[0] = *was;
		free(was);
		rig_database_store(&d, rig_everything);
	}
	start();
	assert_int_equal(d.gateway->n_lost, 0);
	assert_int_equal(d.gateway->director_version, RIG_VERSION);
	assert_int_equal(d.gateway->campaigns[0].state, CAMPAIGN_INSTALLING);
	assert_string_equal(d.gateway->campaigns[0].doc.id, "campaign-1");
	assert_int_equal(d.gateway->campaigns[0].director_version, 0);
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM director"), 2);
	assert_int_equal(rig_sql("SELECT count(*) FROM director WHERE " ARCHIVED), 1);
	start(); /* and once it is over its document goes, too */
	d.gateway->campaigns[0].state = CAMPAIGN_NONE;
	rig_database_store(&d, rig_everything);
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM director WHERE " ARCHIVED), 0);
	crypto_key_free(former);
}

/* as many keys as are stolen, and each time with campaigns under way at the top */
static void keys_may_be_replaced_again_and_again(void **state)
{
	(void)state;
	start();
	rig_database_director(&d, UINT64_MAX);
	d.gateway->campaigns[0].state = CAMPAIGN_INSTALLING;
	d.gateway->campaigns[0].targets[0].erased = true;
	rig_database_store(&d, rig_everything);
	for (unsigned i = 0; i < 3; i++) {
		replace_key();
		start();
		assert_int_equal(d.gateway->director_version, 0);
		assert_int_equal(d.gateway->n_lost, 0);
		assert_true(d.gateway->campaigns[0].targets[0].erased);
		rig_database_store(&d, (struct gateway_dirty){.campaigns = 3});
		crypto_key_free(former);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_highest_version_of_a_stolen_key_ends_nothing),
	    TEST(the_order_and_the_files_of_the_keys_are_no_matter),
	    TEST(a_database_without_them_takes_the_present_ones_as_its_own),
	    TEST(an_erased_ecu_outlives_the_key_of_its_campaign),
	    TEST(keys_may_be_replaced_again_and_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
