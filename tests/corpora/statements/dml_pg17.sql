-- MERGE as PostgreSQL 17 knows it
MERGE INTO stock s USING deliveries d ON s.sku = d.sku WHEN NOT MATCHED BY SOURCE THEN DELETE;

MERGE INTO stock s USING deliveries d ON s.sku = d.sku WHEN NOT MATCHED BY TARGET THEN INSERT (sku) VALUES (d.sku);

MERGE INTO stock s USING deliveries d ON s.sku = d.sku WHEN MATCHED THEN UPDATE SET qty = d.qty WHEN NOT MATCHED BY SOURCE AND s.qty = 0 THEN DO NOTHING WHEN NOT MATCHED BY SOURCE THEN UPDATE SET qty = 0 WHEN NOT MATCHED BY TARGET AND d.qty > 0 THEN INSERT DEFAULT VALUES;

MERGE INTO stock USING deliveries USING_ ON stock.id = USING_.id WHEN MATCHED THEN DELETE RETURNING merge_action(), stock.*;

MERGE INTO stock s USING deliveries d ON s.sku = d.sku WHEN MATCHED THEN DELETE RETURNING *, merge_action() AS what, (SELECT s FROM secret);

WITH m AS (MERGE INTO stock s USING deliveries d ON s.sku = d.sku WHEN MATCHED THEN UPDATE SET qty = 1 RETURNING merge_action() AS act, s.id) SELECT act, count(*) FROM m GROUP BY act;

WITH m AS (MERGE INTO stock USING deliveries ON stock.id = deliveries.id WHEN MATCHED THEN DELETE RETURNING deliveries.id) INSERT INTO log SELECT id FROM m;

COPY (MERGE INTO stock s USING deliveries d ON s.sku = d.sku WHEN MATCHED THEN DELETE RETURNING s.sku) TO STDOUT;

MERGE INTO stock s USING deliveries d ON s.sku = d.sku WHEN NOT MATCHED BY SOURCE AND s.sku IN (SELECT sku FROM retired) THEN DELETE;

-- COPY and EXPLAIN
COPY t FROM STDIN WITH (ON_ERROR ignore, LOG_VERBOSITY verbose);

COPY t FROM STDIN (FORMAT csv, FORCE_NULL *, FORCE_NOT_NULL *);

EXPLAIN (ANALYZE, SERIALIZE binary, MEMORY) SELECT 1;
