-- What pgbench sends: its set-up
drop table if exists pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers;

create table pgbench_history(tid int,bid int,aid    int,delta int,mtime timestamp,filler char(22));

create table pgbench_tellers(tid int not null,bid int,tbalance int,filler char(84)) with (fillfactor=100);

create table pgbench_accounts(aid    bigint not null,bid int,abalance int,filler char(84)) with (fillfactor=90) tablespace fast;

create unlogged table pgbench_branches(bid int not null,bbalance int,filler char(88)) with (fillfactor=100);

create table pgbench_accounts(aid    int not null,bid int,abalance int,filler char(84)) partition by range (aid);

create table pgbench_accounts_1
  partition of pgbench_accounts
  for values from (minvalue) to (10001) with (fillfactor=100);

create table pgbench_accounts_2
  partition of pgbench_accounts
  for values with (modulus 2, remainder 1) with (fillfactor=100);

truncate table pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers;

insert into pgbench_branches(bid,bbalance) values(1,0);

insert into pgbench_tellers(tid,bid,tbalance) values (10,1,0);

insert into pgbench_accounts(aid,bid,abalance,filler) select aid, (aid - 1) / 100000 + 1, 0, '' from generate_series(1, 100000) as aid;

copy pgbench_accounts from stdin with (freeze on);

copy pgbench_branches from stdin;

vacuum analyze pgbench_branches;

vacuum pgbench_tellers;

alter table pgbench_branches add primary key (bid);

alter table pgbench_accounts add primary key (aid) using index tablespace fast;

alter table pgbench_tellers add constraint pgbench_tellers_bid_fkey foreign key (bid) references pgbench_branches;

-- and its three scripts
BEGIN;

UPDATE pgbench_accounts SET abalance = abalance + -3217 WHERE aid = 81020;

SELECT abalance FROM pgbench_accounts WHERE aid = 81020;

UPDATE pgbench_tellers SET tbalance = tbalance + -3217 WHERE tid = 7;

UPDATE pgbench_branches SET bbalance = bbalance + $1 WHERE bid = $2;

INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (7, 1, 81020, -3217, CURRENT_TIMESTAMP);

END;

select count(*) from pgbench_branches;

select o.n, p.partstrat, pg_catalog.count(i.inhparent) from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on (n.oid = c.relnamespace) cross join lateral (select pg_catalog.array_position(pg_catalog.current_schemas(true), n.nspname)) as o(n) left join pg_catalog.pg_partitioned_table as p on (p.partrelid = c.oid) left join pg_catalog.pg_inherits as i on (c.oid = i.inhparent) where c.relname = 'pgbench_accounts' and o.n is not null group by 1, 2 order by 1 asc limit 1;

-- scripts of the kind people give to pgbench -f
SELECT sum(abalance) FROM pgbench_accounts WHERE aid BETWEEN 4000 AND 4000 + 99;

WITH moved AS (UPDATE pgbench_accounts SET abalance = abalance - 5 WHERE aid = 11 RETURNING aid, 5 AS delta), got AS (UPDATE pgbench_accounts SET abalance = abalance + 5 WHERE aid = 12 RETURNING aid) INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) SELECT 1, 1, moved.aid, moved.delta, now() FROM moved, got;

select b.bid, count(a.aid), sum(t.tbalance) from pgbench_branches b left join pgbench_accounts a using (bid) left join pgbench_tellers t on t.bid = b.bid group by b.bid order by 2 desc;

-- What sysbench's oltp scripts send
CREATE TABLE sbtest1(
  id SERIAL,
  k INTEGER DEFAULT '0' NOT NULL,
  c CHAR(120) DEFAULT '' NOT NULL,
  pad CHAR(60) DEFAULT '' NOT NULL,
  PRIMARY KEY (id)
);

INSERT INTO sbtest1(k, c, pad) VALUES(499284, '83868641912-28773972837', '67847967377-48000963322'),(501969, '38014276128-25250245652', '23183251411-36241541236'),(502813, '33973744704-80540844748', '37775202416-77846310471');

CREATE INDEX k_1 ON sbtest1(k);

SELECT c FROM sbtest1 WHERE id=5025;

SELECT c FROM sbtest1 WHERE id BETWEEN 4980 AND 5079;

SELECT SUM(k) FROM sbtest1 WHERE id BETWEEN 5012 AND 5111;

SELECT c FROM sbtest1 WHERE id BETWEEN $1 AND $2 ORDER BY c;

SELECT DISTINCT c FROM sbtest1 WHERE id BETWEEN 4977 AND 5076 ORDER BY c;

UPDATE sbtest1 SET k=k+1 WHERE id=5012;

UPDATE sbtest1 SET c='63188288836-92351140030' WHERE id=5025;

DELETE FROM sbtest1 WHERE id=4991;

INSERT INTO sbtest1 (id, k, c, pad) VALUES (4991, 5015, '13692191293-86541829', '89664044-55');

SELECT count(k) FROM sbtest3 WHERE k BETWEEN 12 AND 55 OR k BETWEEN 981 AND 1024 OR k BETWEEN 77 AND 120;

SELECT id, k, c, pad FROM sbtest1 WHERE k IN (3, 515, 29, 8112, 94);

COMMIT;

DROP TABLE IF EXISTS sbtest1;

-- Payment, delivery and stock, of the sort that order-entry benchmarks send
SELECT d_street_1, d_city, d_state, d_zip, d_name FROM district WHERE d_w_id = $1 AND d_id = $2;

UPDATE district SET d_next_o_id = d_next_o_id + 1 WHERE d_id = 4 AND d_w_id = 1 RETURNING d_next_o_id - 1, d_tax;

SELECT s_quantity, s_data, s_dist_01, s_dist_02 FROM stock WHERE (s_i_id, s_w_id) IN ((17, 1), (89, 1), (4, 2)) FOR UPDATE;

SELECT count(DISTINCT s_i_id) FROM order_line, stock WHERE ol_w_id = 1 AND ol_d_id = 3 AND ol_o_id < 3001 AND ol_o_id >= 3001 - 20 AND s_w_id = 1 AND s_i_id = ol_i_id AND s_quantity < 12;

DELETE FROM new_order WHERE no_w_id = 1 AND no_d_id = 2 AND no_o_id = (SELECT no_o_id FROM new_order WHERE no_w_id = 1 AND no_d_id = 2 ORDER BY no_o_id ASC LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING no_o_id;

SELECT c_balance, c_first, c_middle, c_id FROM customer WHERE c_last = 'BARPRIESE' AND c_d_id = 1 AND c_w_id = 1 ORDER BY c_first OFFSET (SELECT count(*) / 2 FROM customer WHERE c_last = 'BARPRIESE' AND c_d_id = 1 AND c_w_id = 1) LIMIT 1;
