-- The shop: database, roles, tables and sample rows. All people and numbers are invented.
--
-- Run it once, as a superuser, connected to any other database of the server. The passwords of the two roles
-- come from the environment:
--
--   SHOP_OWNER_PASSWORD=… SHOP_SUPPORT_PASSWORD=… psql -d postgres -f schema.sql

\set ON_ERROR_STOP on
\getenv owner_password SHOP_OWNER_PASSWORD
\getenv support_password SHOP_SUPPORT_PASSWORD

-- The statements that hold passwords stay out of the server's log.
SET log_statement = 'none';
CREATE ROLE shop_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE support LOGIN PASSWORD :'support_password';
RESET log_statement;
CREATE DATABASE shop OWNER shop_owner;

\connect shop
SET ROLE shop_owner;

CREATE TABLE customers (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL,
    email       text NOT NULL,
    phone       text,
    ssn         text,
    card_number text,
    region      text NOT NULL,
    notes       jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE orders (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers ON DELETE CASCADE,
    amount      numeric(10, 2) NOT NULL CHECK (amount >= 0),
    status      text NOT NULL DEFAULT 'new'
                CHECK (status IN ('new', 'paid', 'shipped', 'returned', 'cancelled')),
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON orders (customer_id);

CREATE TABLE payments (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id    integer NOT NULL REFERENCES orders ON DELETE CASCADE,
    card_number text NOT NULL,
    token       text NOT NULL
);
CREATE INDEX ON payments (order_id);

CREATE VIEW customer_contacts AS
    SELECT id, name, email, phone FROM customers;

INSERT INTO customers (name, email, phone, ssn, card_number, region, notes, created_at) VALUES
    ('Ada Marsh',       'ada.marsh@example.com',      '+1 202 555 0101', '987-65-4320', '4242 4242 4242 4242', 'us-east', '{"tier": "gold", "newsletter": true}',    '2025-01-14 09:12:00+00'),
    ('Bruno Keller',    'bruno.keller@example.net',   '+49 30 555 0102', '987-65-4321', '5555 5555 5555 4444', 'eu-west', '{"tier": "silver", "language": "de"}',    '2025-02-03 15:40:00+00'),
    ('Chiara Conti',    'chiara.conti@example.org',   '+39 06 555 0103', '987-65-4322', '4000 0000 0000 0002', 'eu-south', '{"tier": "gold", "language": "it"}',     '2025-02-20 11:05:00+00'),
    ('Dmitri Volkov',   'dmitri.volkov@example.com',  '+1 312 555 0104', '987-65-4323', '3782 822463 10005',   'us-east', '{}',                                      '2025-03-08 18:22:00+00'),
    ('Esra Demir',      'esra.demir@example.net',     NULL,              '987-65-4324', '6011 1111 1111 1117', 'eu-east', '{"tier": "silver"}',                      '2025-03-19 08:31:00+00'),
    ('Femi Adeyemi',    'femi.adeyemi@example.org',   '+44 20 555 0106', '987-65-4325', '4111 1111 1111 1111', 'eu-west', '{"complaint": "late delivery"}',          '2025-04-02 13:00:00+00'),
    ('Grace Okafor',    'grace.okafor@example.com',   '+1 415 555 0107', '987-65-4326', '5105 1051 0510 5100', 'us-west', '{"tier": "gold"}',                        '2025-04-27 20:45:00+00'),
    ('Hiro Tanaka',     'hiro.tanaka@example.net',    '+81 3 555 0108',  '987-65-4327', '3566 0020 2036 0505', 'ap',      '{"language": "ja", "gift_wrap": true}',   '2025-05-11 02:17:00+00'),
    ('Ines Duarte',     'ines.duarte@example.org',    '+351 21 555 0109', '987-65-4328', NULL,                 'eu-south', '{}',                                     '2025-06-05 16:58:00+00'),
    ('Jonas Lindqvist', 'jonas.lindqvist@example.com', '+46 8 555 0110', '987-65-4329', '4000 0566 5566 5556', 'eu-north', '{"tier": "silver", "newsletter": false}', '2025-06-30 07:29:00+00');

INSERT INTO orders (customer_id, amount, status, created_at) VALUES
    (1, 129.90, 'shipped',   '2025-07-01 10:00:00+00'),
    (1,  24.50, 'paid',      '2025-07-19 12:30:00+00'),
    (2, 310.00, 'shipped',   '2025-07-04 09:45:00+00'),
    (3,  58.75, 'returned',  '2025-07-08 14:10:00+00'),
    (3, 219.00, 'shipped',   '2025-08-02 17:05:00+00'),
    (4,  75.20, 'cancelled', '2025-07-21 08:50:00+00'),
    (5,  42.00, 'paid',      '2025-08-11 19:15:00+00'),
    (6, 187.35, 'shipped',   '2025-07-30 13:25:00+00'),
    (6,  15.99, 'new',       '2025-09-01 06:40:00+00'),
    (7, 499.00, 'paid',      '2025-08-16 22:05:00+00'),
    (8,  89.00, 'shipped',   '2025-08-20 03:35:00+00'),
    (8, 133.10, 'returned',  '2025-08-28 04:20:00+00'),
    (9,  61.45, 'new',       '2025-09-03 15:00:00+00'),
    (10, 245.80, 'shipped',  '2025-08-25 11:55:00+00');

INSERT INTO payments (order_id, card_number, token)
    SELECT o.id, c.card_number, 'tok_' || substr(md5('shop-payment-' || o.id), 1, 20)
    FROM orders o JOIN customers c ON c.id = o.customer_id
    WHERE o.status <> 'new' AND c.card_number IS NOT NULL
    ORDER BY o.id;

-- What `support` may do is what a support desk's account can usually do: far more than an agent should. The
-- difference is Gatewright's part.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON customers, orders, payments TO support;
GRANT SELECT ON customer_contacts TO support;
