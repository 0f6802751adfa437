-- How many rows the target's database expects of a held statement, as JSON; of approvals without an estimate there is none.

CREATE TABLE approval_estimates (
    approval TEXT COLLATE "C" PRIMARY KEY,
    estimate TEXT COLLATE "C" NOT NULL
);
