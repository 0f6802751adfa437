-- case: info-tables
SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name;
-- case: info-tables-exists
SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 'orders') AS there;
-- case: info-columns
SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'orders' ORDER BY ordinal_position;
-- case: info-columns-of-all
SELECT table_name, column_name, ordinal_position, udt_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position;
-- case: info-columns-numeric
SELECT column_name, numeric_precision, numeric_scale, character_maximum_length, datetime_precision FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'orders' ORDER BY ordinal_position;
-- case: info-columns-identity
SELECT column_name, is_identity, identity_generation, is_generated FROM information_schema.columns WHERE table_name = 'customers' AND table_schema = 'public' ORDER BY ordinal_position;
-- case: info-columns-of-view
SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'customer_contacts' ORDER BY ordinal_position;
-- case: info-columns-count
SELECT table_name, count(*) FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name ORDER BY table_name;
-- case: info-schemata
SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT LIKE 'pg_%' ORDER BY schema_name;
-- case: info-views
SELECT table_name, is_updatable FROM information_schema.views WHERE table_schema = 'public' ORDER BY table_name;
-- case: info-table-constraints
SELECT constraint_name, constraint_type FROM information_schema.table_constraints WHERE table_schema = 'public' AND table_name = 'orders' AND constraint_type <> 'CHECK' ORDER BY constraint_name;
-- case: info-key-column-usage
SELECT k.table_name, k.column_name, k.ordinal_position FROM information_schema.key_column_usage k WHERE k.table_schema = 'public' ORDER BY k.table_name, k.constraint_name, k.ordinal_position;
-- case: info-foreign-keys
SELECT tc.table_name, kcu.column_name, ccu.table_name AS foreign_table, ccu.column_name AS foreign_column FROM information_schema.table_constraints AS tc JOIN information_schema.key_column_usage AS kcu ON tc.constraint_name = kcu.constraint_name AND tc.table_schema = kcu.table_schema JOIN information_schema.constraint_column_usage AS ccu ON ccu.constraint_name = tc.constraint_name WHERE tc.constraint_type = 'FOREIGN KEY' ORDER BY 1, 2;
-- case: info-referential-constraints
SELECT constraint_name, unique_constraint_name, update_rule, delete_rule FROM information_schema.referential_constraints WHERE constraint_schema = 'public' ORDER BY constraint_name;
-- case: info-check-constraints
SELECT constraint_name, check_clause FROM information_schema.check_constraints WHERE constraint_schema = 'public' AND constraint_name LIKE '%_check' ORDER BY constraint_name;
-- case: info-table-privileges
SELECT table_name, privilege_type FROM information_schema.table_privileges WHERE grantee = 'support' AND table_schema = 'public' ORDER BY 1, 2;
-- case: info-role-table-grants
SELECT table_name, string_agg(privilege_type, ',' ORDER BY privilege_type) AS privileges FROM information_schema.role_table_grants WHERE grantee = current_user AND table_schema = 'public' GROUP BY table_name ORDER BY table_name;
-- case: info-column-privileges
SELECT column_name, privilege_type FROM information_schema.column_privileges WHERE table_name = 'orders' AND grantee = 'support' ORDER BY 1, 2;
-- case: info-routines
SELECT routine_name FROM information_schema.routines WHERE routine_schema = 'public' ORDER BY routine_name;
-- case: info-routines-of-system
SELECT count(*) > 100 AS many FROM information_schema.routines WHERE routine_schema = 'pg_catalog';
-- case: info-sequences
SELECT sequence_name, data_type FROM information_schema.sequences WHERE sequence_schema = 'public' ORDER BY sequence_name;
-- case: info-triggers
SELECT trigger_name, event_manipulation FROM information_schema.triggers WHERE trigger_schema = 'public' ORDER BY 1, 2;
-- case: info-view-table-usage
SELECT view_name, table_name FROM information_schema.view_table_usage WHERE view_schema = 'public' ORDER BY 1, 2;
-- case: info-catalog-name
SELECT catalog_name = current_database() AS same FROM information_schema.information_schema_catalog_name;
-- case: info-enabled-roles
SELECT role_name FROM information_schema.enabled_roles ORDER BY role_name;
-- case: info-upper-case
SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'public' ORDER BY TABLE_NAME;
-- case: info-quoted
SELECT "table_name" FROM "information_schema"."tables" WHERE "table_schema" = 'public' AND "table_type" = 'BASE TABLE' ORDER BY "table_name";
-- case: info-joined-with-catalogue
SELECT c.column_name, pgd.description FROM information_schema.columns c LEFT JOIN pg_catalog.pg_statio_all_tables st ON st.schemaname = c.table_schema AND st.relname = c.table_name LEFT JOIN pg_catalog.pg_description pgd ON pgd.objoid = st.relid AND pgd.objsubid = c.ordinal_position WHERE c.table_schema = 'public' AND c.table_name = 'orders' ORDER BY c.ordinal_position;
-- case: info-cursor-like-ordinal
SELECT column_name AS name, ordinal_position - 1 AS index FROM information_schema.columns WHERE (table_schema, table_name) = ('public', 'payments') ORDER BY ordinal_position;
