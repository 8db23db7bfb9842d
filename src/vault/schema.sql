-- The schema of the metadata database, as a new database gets it. After a release, a change of it is
-- a migration of its own, behind the baseline in schema.cc. docs/formats/schema.md describes it table
-- by table.
--
-- One text for every engine: its driver puts the words of its dialect in place of those in braces
-- (Migration, db/database.h).
--
-- Conventions. Moments are microseconds since 1970 (UTC), sizes are bytes, flags are 0 or 1. UUIDs
-- have 16 bytes and SHA-256 digests 32. Names and keys are bytes: they may hold any character, and
-- are compared bytewise. The numbers of `kind` and `type` columns are those of the enums in
-- vault/*.h. A key column never gives a number twice. A foreign key stands only where the child's
-- side has an index: without one, removing a parent would read the whole child table.

-- Keys that the server made for itself, by what they are for: it signs tokens with one.
CREATE TABLE secret (
  name  {text} NOT NULL PRIMARY KEY,
  value {bytes} NOT NULL
){clustered};

-- Accounts ---------------------------------------------------------------------------------------

CREATE TABLE account (
  id          {key},
  uuid        {bytes} NOT NULL UNIQUE,
  kind        {integer} NOT NULL DEFAULT 0,  -- AccountKind: 0 a person's, 1 and 2 of all guests
  -- 0 none, 1 begun, 2 done: only this row is left, so that its number stays its own.
  removal     {integer} NOT NULL DEFAULT 0,
  username    {text} NOT NULL,               -- as it was given; `login` has the form to compare
  email       {text},
  password    {text} NOT NULL,               -- Argon2id in its encoded form; '' matches nothing
  is_admin    {integer} NOT NULL,
  disabled_at {integer},                     -- null: it may log in
  home_id     {integer} NOT NULL,            -- the space of its own
  quota       {integer},                     -- bytes it may own; null: no limit
  -- Bytes of its files, also of those in the trash, and of the parts of its unfinished uploads.
  used        {integer} NOT NULL DEFAULT 0 CHECK (used >= 0),
  -- Bytes of the quota that are taken: `charged` of its entries and unfinished uploads, and what its
  -- groups, buckets, projects, keys and invites are charged (vault/quota.h).
  charged     {integer} NOT NULL DEFAULT 0 CHECK (charged >= 0),
  created_at  {integer} NOT NULL,
  updated_at  {integer} NOT NULL
){options};
CREATE UNIQUE INDEX account_guest ON account (kind) WHERE kind <> 0;
CREATE INDEX account_removing ON account (id) WHERE removal = 1;

-- Every name that an account logs in by, user name and e-mail address alike, folded to the form in
-- which names are compared: no name leads to two accounts.
CREATE TABLE login (
  name       {text} NOT NULL PRIMARY KEY,
  account_id {integer} NOT NULL REFERENCES account (id)
){clustered};
CREATE INDEX login_account ON login (account_id);

-- Log-ins that have not ended. Tokens carry the session's number.
CREATE TABLE session (
  id         {key},
  account_id {integer} NOT NULL REFERENCES account (id),
  created_at {integer} NOT NULL,
  expires_at {integer} NOT NULL,             -- the last of its tokens is worthless from then on
  generation {integer} NOT NULL DEFAULT 1,   -- of its tokens; those of earlier ones are worthless
  rotation   {integer} NOT NULL DEFAULT 1,   -- of its refresh token; one of an earlier one was replaced
  rotated_at {integer} NOT NULL,             -- when that one replaced the one before
  used_at    {integer} NOT NULL,             -- to about a minute
  -- Where its last log-in or refresh came from, for people to tell sessions apart.
  address    {text} NOT NULL DEFAULT '',
  agent      {text} NOT NULL DEFAULT ''
){options};
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expiry ON session (expires_at);

-- Requests with an Idempotency-Key that were carried out: committed with what they changed, and
-- remembered for a day. The reply is added after it is made.
CREATE TABLE idempotency_key (
  id            {key},
  account_id    {integer} NOT NULL REFERENCES account (id),
  key           {bytes} NOT NULL CHECK (length(key) = 32),  -- SHA-256 of what the client chose
  fingerprint   {bytes} NOT NULL,             -- SHA-256 of what tells the request from others
  -- The events of the change; none where the last comes before the first.
  first_event   {integer} NOT NULL,
  last_event    {integer} NOT NULL,
  reply_status  {integer},                   -- null: the reply is not known
  reply_headers {text} NOT NULL DEFAULT '',
  reply_body    {bytes},
  charged       {integer} NOT NULL CHECK (charged >= 0),  -- of the account's quota
  expires_at    {integer} NOT NULL,
  UNIQUE (account_id, key)
){options};
CREATE INDEX idempotency_key_expiry ON idempotency_key (expires_at);

-- Spaces -----------------------------------------------------------------------------------------

CREATE TABLE space (
  id         {key},
  owner_id   {integer} NOT NULL REFERENCES account (id),
  -- SpaceKind: 0 home, 1 guests', 2 group, 3 bucket, 4 project
  kind       {integer} NOT NULL,
  -- A bucket's, unique on the server; a group's or a project's, for people.
  name       {text},
  number     {integer},                      -- what clients call a group by
  -- Set when the space is gone for everybody and only its entries are still to be cleared away.
  removed_at {integer},
  created_at {integer} NOT NULL
){options};
CREATE INDEX space_owner ON space (owner_id);
CREATE UNIQUE INDEX space_number ON space (number) WHERE number IS NOT NULL;
-- An account's buckets by name.
CREATE INDEX space_owner_bucket ON space (owner_id, name) WHERE kind = 3 AND removed_at IS NULL;
-- An account's projects.
CREATE INDEX space_owner_project ON space (owner_id, id) WHERE kind = 4 AND removed_at IS NULL;
CREATE UNIQUE INDEX space_bucket ON space (name) WHERE kind = 3 AND removed_at IS NULL;
CREATE INDEX space_removed ON space (removed_at) WHERE removed_at IS NOT NULL;

-- Who belongs to a group, its owner among them.
CREATE TABLE member (
  space_id   {integer} NOT NULL REFERENCES space (id),
  account_id {integer} NOT NULL REFERENCES account (id),
  joined_at  {integer} NOT NULL,
  PRIMARY KEY (space_id, account_id)
){clustered};
CREATE INDEX member_account ON member (account_id, joined_at, space_id);

-- Keys of programs --------------------------------------------------------------------------------

CREATE TABLE api_key (
  id         {key},
  account_id {integer} NOT NULL REFERENCES account (id),
  kind       {integer} NOT NULL,             -- KeyKind: 0 API, 1 master, 2 application, 3 upload
  name       {text} NOT NULL,                -- the owner's word for it
  hint       {text} NOT NULL,                -- how the key begins, to tell it from others
  hash       {bytes} NOT NULL UNIQUE,         -- SHA-256 of the key
  space_id   {integer} REFERENCES space (id),  -- kind 2: the bucket it is bound to; else null
  scopes     {integer} NOT NULL DEFAULT 3,   -- bits: 1 read, 2 write
  expires_at {integer},                      -- null: never
  used_at    {integer},                      -- to about a minute; null: never yet
  created_at {integer} NOT NULL
){options};
-- Those that an account is shown; an application's, of which a bucket may have many, are not.
CREATE INDEX api_key_account ON api_key (account_id) WHERE kind <> 2;
CREATE INDEX api_key_space ON api_key (space_id) WHERE space_id IS NOT NULL;

-- Bytes ------------------------------------------------------------------------------------------

-- Stored bytes that something refers to, or did: one row a digest. vault/references.cc says how
-- rows and bytes come and go.
CREATE TABLE blob (
  digest       {bytes} NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
  size         {integer} NOT NULL,
  -- Parts with this digest, files without a manifest that have it, also in the trash, and pictures
  -- in derived_blob; parts of retired manifests do not count.
  refs         {integer} NOT NULL CHECK (refs >= 0),
  unused_since {integer},                    -- when refs became 0; null while it is more
  place        {bytes},                      -- null: the store finds the bytes by their digest
  CHECK ((refs = 0) = (unused_since IS NOT NULL))
){clustered};
CREATE INDEX blob_unused ON blob (unused_since) WHERE unused_since IS NOT NULL;

-- Which store has the bytes, once one was opened: one row, StoreKind.
CREATE TABLE blob_store (
  id   {integer} PRIMARY KEY CHECK (id = 1),
  kind {integer} NOT NULL
){options};

-- Where a store that keeps places may have put bytes that neither a row of `blob` nor of `public_object`
-- names: blobs/place_ledger.h.
CREATE TABLE unclaimed_place (
  place {bytes} NOT NULL PRIMARY KEY
){clustered};

-- Places that blobs have been moved away from, for as long as somebody may read there. Then they stand
-- in unclaimed_place, and what is stored there is removed.
CREATE TABLE moved_place (
  place    {bytes} NOT NULL PRIMARY KEY,
  moved_at {integer} NOT NULL
){clustered};
CREATE INDEX moved_place_age ON moved_place (moved_at);

-- What `coffer blobs migrate` has asked of the server of the folder: one row at most, from then on until
-- a start has found all of it done. vault/upkeep/blob_migration.h.
CREATE TABLE blob_migration (
  id          {integer} PRIMARY KEY CHECK (id = 1),
  run         {integer} NOT NULL,            -- counts what was asked
  target      {integer} NOT NULL,            -- StoreKind
  state       {integer} NOT NULL,            -- MigrationState
  rate        {integer} NOT NULL,            -- bytes a second at most; 0: no limit
  moved_blobs {integer} NOT NULL DEFAULT 0,
  moved_bytes {integer} NOT NULL DEFAULT 0,
  left_blobs  {integer},                     -- null: not counted yet
  left_bytes  {integer},
  problem     {text}                         -- what keeps it from going on; null: nothing
){options};

-- Blobs that it could not move, because the store does not give their bytes.
CREATE TABLE unmoved_blob (
  digest  {bytes} NOT NULL PRIMARY KEY,
  problem {text} NOT NULL
){clustered};

-- What `coffer storage reclaim` has asked of the server of the folder: vault/reclaim.h.
CREATE TABLE reclaim (
  id           {key},
  requested_at {integer} NOT NULL,
  freed_blobs  {integer},                    -- null until it is done
  freed_bytes  {integer}
){options};

-- Entries ----------------------------------------------------------------------------------------

-- Files and folders. One row answers a read: size and digest are the blob's.
CREATE TABLE entry (
  id               {key},
  uuid             {bytes} NOT NULL UNIQUE,
  share            {bytes} NOT NULL UNIQUE,   -- the token by which anybody may read it, a UUID
  share_expires_at {integer},                -- null: never
  share_generation {integer} NOT NULL DEFAULT 0,  -- how often its links were made new
  space_id         {integer} NOT NULL REFERENCES space (id),
  owner_id         {integer} NOT NULL,       -- in whose lists it stands and whose quota it counts in
  parent_id        {integer} NOT NULL,       -- the folder that it lies in; 0: the space itself
  is_folder        {integer} NOT NULL,
  -- Of a folder: how many levels of folders lie below it, or once did, at most. 0 for files.
  levels           {integer} NOT NULL,
  -- Its name in its folder, unique there. A folder's ends in `/`: so paths, which are keys one
  -- after another, sort as their keys do.
  key              {bytes} NOT NULL,
  name             {bytes} NOT NULL,          -- as the client gave it
  media_type       {text} NOT NULL,
  kind             {integer} NOT NULL,       -- FileKind: 0 image … 4 other, 5 folder
  size             {integer} NOT NULL,
  charged          {integer} NOT NULL,       -- bytes of its owner's quota: size, texts, a fixed sum
  -- SHA-256 of the bytes. Null for folders, and for files of parts until it is worked out.
  digest           {bytes},
  -- The upload whose parts are the file's bytes (part.multipart_id). Null: they are the blob
  -- `digest`, to which the row is a reference.
  manifest_id      {integer},
  title            {text},
  description      {text},
  tags             {text} NOT NULL,          -- joined by U+001F, as they were given
  created_at       {integer} NOT NULL,
  updated_at       {integer} NOT NULL,
  written_at       {integer} NOT NULL,       -- when its bytes came
  -- Of images, videos and audio; null of all else, which no index by it has.
  taken_at         {integer},                -- media_facts.taken_at of its bytes
  dated_at         {integer},                -- taken_at; where that is null, created_at
  -- What searches look at: name, title, description and tags, folded, joined by U+001F, also where
  -- one is missing. The last column, because it may be long and nothing else reads it.
  search           {text} NOT NULL,
  UNIQUE (space_id, parent_id, is_folder, key),
  CHECK ((is_folder = 1) = (kind = 5)),
  CHECK ((is_folder = 1 AND size = 0 AND digest IS NULL AND manifest_id IS NULL)
         OR (is_folder = 0 AND (digest IS NOT NULL OR manifest_id IS NOT NULL)))
){options};
-- The lists of one kind; a list of all kinds merges five of these.
CREATE INDEX entry_created ON entry (owner_id, kind, id);
CREATE INDEX entry_name ON entry (owner_id, kind, name, id);
CREATE INDEX entry_size ON entry (owner_id, kind, size, id);
CREATE INDEX entry_dated ON entry (owner_id, kind, dated_at, id) WHERE dated_at IS NOT NULL;
-- Files by their bytes, all and those of an account.
CREATE INDEX entry_digest ON entry (digest, owner_id, id) WHERE digest IS NOT NULL;
-- Files whose digest is still to be worked out.
CREATE INDEX entry_undigested ON entry (id) WHERE digest IS NULL AND manifest_id IS NOT NULL;

-- Which entries have a tag (folded); the entry's own row says which tags it has.
CREATE TABLE entry_tag (
  owner_id {integer} NOT NULL,
  tag      {text} NOT NULL,
  entry_id {integer} NOT NULL,
  PRIMARY KEY (owner_id, tag, entry_id)
){clustered};
CREATE INDEX entry_tag_entry ON entry_tag (entry_id);

-- The index by which entries are searched for: the words of each up to search_state.through, but for
-- stale_words. Its rows have the entries' numbers with a minus in front. vault/tree/search_index.h
-- says what words are.
CREATE {index_table} entry_words {words_index};

-- How far the index goes; one row, or none before the first time.
CREATE TABLE search_state (
  id      {integer} PRIMARY KEY CHECK (id = 1),
  through {integer} NOT NULL,                -- the last entry that it has
  version {integer} NOT NULL,                -- of what its words are
  changes {integer} NOT NULL DEFAULT 0       -- to what it had: how many times
){options};

-- Indexed entries that have changed since, or are gone: what they are indexed by. A row without a
-- text: not at all.
CREATE TABLE stale_words (
  entry_id {integer} PRIMARY KEY,
  owner_id {integer} NOT NULL,
  kind     {integer} NOT NULL,
  search   {text} NOT NULL
){options};

-- Between which moments the indexed entries from one number to another were created: so that a list
-- of one month need not look at all others. Ranges may overlap.
CREATE TABLE entry_period (
  first_id     {integer} PRIMARY KEY,
  last_id      {integer} NOT NULL,
  created_from {integer} NOT NULL,
  created_to   {integer} NOT NULL
){options};

-- What a folder holds, with all that lies below it, and what a space holds as a whole (folder_id 0):
-- by owner and kind, so that nothing has to be counted and a whole tree can be taken off at once.
CREATE TABLE tree_total (
  space_id  {integer} NOT NULL,
  folder_id {integer} NOT NULL,
  owner_id  {integer} NOT NULL,
  kind      {integer} NOT NULL,              -- FileKind
  files     {integer} NOT NULL CHECK (files >= 0),
  bytes     {integer} NOT NULL CHECK (bytes >= 0),
  charged   {integer} NOT NULL CHECK (charged >= 0),
  PRIMARY KEY (space_id, folder_id, owner_id, kind)
){clustered};
CREATE INDEX tree_total_owner ON tree_total (owner_id) WHERE folder_id = 0;

-- Folders, and what spaces held (folder_id 0), that are gone for everybody and still to be cleared
-- away. The folder's own row is gone; everything that lies below it is hidden. No total and no
-- quota counts any of it. A row for each account that owns something in it.
CREATE TABLE removed_tree (
  space_id  {integer} NOT NULL,
  folder_id {integer} NOT NULL,
  owner_id  {integer} NOT NULL,
  caller_id {integer} NOT NULL,              -- who removed it
  PRIMARY KEY (space_id, folder_id, owner_id)
){clustered};
CREATE INDEX removed_tree_owner ON removed_tree (owner_id);

-- Trash: files that their owners deleted and can have back. What is left of each row of `entry` is
-- here, under the same number and with the columns of the same names; no reader of `entry` sees it.
-- Each is a reference to its bytes, as an entry is. Its tags, its places in collections and
-- everything that led to it are gone.
CREATE TABLE trash (
  id               {integer} PRIMARY KEY,    -- the entry's
  uuid             {bytes} NOT NULL UNIQUE,
  share            {bytes} NOT NULL,         -- what it was; a restored file gets another one
  share_expires_at {integer},
  share_generation {integer} NOT NULL,
  space_id         {integer} NOT NULL,       -- where it lay: may be gone
  owner_id         {integer} NOT NULL REFERENCES account (id),
  parent_id        {integer} NOT NULL,       -- the same
  key              {bytes} NOT NULL,
  name             {bytes} NOT NULL,
  media_type       {text} NOT NULL,
  kind             {integer} NOT NULL,
  size             {integer} NOT NULL,
  charged          {integer} NOT NULL,       -- of its owner's quota still
  digest           {bytes},
  manifest_id      {integer},
  title            {text},
  description      {text},
  tags             {text} NOT NULL,
  created_at       {integer} NOT NULL,
  updated_at       {integer} NOT NULL,
  written_at       {integer} NOT NULL,
  deleted_at       {integer} NOT NULL,
  CHECK (digest IS NOT NULL OR manifest_id IS NOT NULL)
){options};
CREATE INDEX trash_owner ON trash (owner_id, deleted_at, id);
CREATE INDEX trash_age ON trash (deleted_at);
CREATE INDEX trash_digest ON trash (digest) WHERE digest IS NOT NULL;

-- What an account has in the trash. A row for each that ever had something there.
CREATE TABLE trash_total (
  owner_id {integer} PRIMARY KEY REFERENCES account (id),
  files    {integer} NOT NULL CHECK (files >= 0),
  bytes    {integer} NOT NULL CHECK (bytes >= 0),
  charged  {integer} NOT NULL CHECK (charged >= 0),
  -- What was deleted up to then is gone for everybody since the trash was emptied; no total and no
  -- quota counts it.
  emptied_through {integer} NOT NULL DEFAULT 0,
  clearing        {integer} NOT NULL DEFAULT 0  -- 1 while rows of that are left
){options};
CREATE INDEX trash_total_clearing ON trash_total (owner_id) WHERE clearing = 1;

-- Media ------------------------------------------------------------------------------------------

-- What the bytes of images, films, sounds and documents say: one row a digest, from the first such
-- file on, for as long as a file or the trash has these bytes. Where `state` is 0, a job that is to
-- be done.
CREATE TABLE media_facts (
  source   {bytes} NOT NULL PRIMARY KEY CHECK (length(source) = 32),  -- the digest
  owner_id {integer} NOT NULL,               -- whose turn it is: who stored these bytes first
  state    {integer} NOT NULL DEFAULT 0,     -- MediaState: 0 processing, 1 ready, 2 failed
  tries    {integer} NOT NULL DEFAULT 0,     -- that were begun
  failed_tries {integer} NOT NULL DEFAULT 0, -- of them, with a failure of the file that may pass
  due      {integer} NOT NULL,               -- while state is 0: when it may be begun (again)
  failure  {integer},                        -- MediaFailure; null: none
  taken_at {integer},                        -- in UTC, or as if it were
  -- What a file is shown with, as vault/model/media.h writes it; '' while state is 0. No column for
  -- each: nothing compares them, and every read of a file has them.
  facts    {text} NOT NULL DEFAULT '',
  -- When a file with these bytes was last deleted; the collector looks whether one is left. Null:
  -- there is one.
  unused_since {integer},
  CHECK ((state = 0) = (facts = ''))
){clustered};
CREATE INDEX media_facts_waiting ON media_facts (owner_id, due) WHERE state = 0;
CREATE INDEX media_facts_failed ON media_facts (source) WHERE state = 2;
CREATE INDEX media_facts_unused ON media_facts (unused_since) WHERE unused_since IS NOT NULL;

-- Pictures that were made of bytes in media_facts. Each row is a reference to its blob, as a file
-- without a manifest is; they count in nobody's quota.
CREATE TABLE derived_blob (
  source  {bytes} NOT NULL,
  kind    {text} NOT NULL,                   -- `thumbnail`, or as what it was asked for
  digest  {bytes} NOT NULL CHECK (length(digest) = 32),
  size    {integer} NOT NULL,
  width   {integer} NOT NULL,
  height  {integer} NOT NULL,
  used_at {integer} NOT NULL,                -- to about an hour
  PRIMARY KEY (source, kind)
){clustered};
-- Thumbnails stay; the others go, the one that was used longest ago first.
CREATE INDEX derived_blob_used ON derived_blob (used_at, size) WHERE kind <> 'thumbnail';

-- How far jobs have come that look at every entry once.
CREATE TABLE job_position (
  name     {text} NOT NULL PRIMARY KEY,
  position {integer} NOT NULL
){clustered};

-- Collections ------------------------------------------------------------------------------------

-- Collections: an account's own lists of its files.
CREATE TABLE collection (
  id          {key},
  owner_id    {integer} NOT NULL REFERENCES account (id),
  name        {text} NOT NULL,
  description {text},
  files       {integer} NOT NULL CHECK (files >= 0),    -- rows of collection_entry that it has
  charged     {integer} NOT NULL CHECK (charged >= 0),  -- of its owner's quota, with those rows
  created_at  {integer} NOT NULL,
  updated_at  {integer} NOT NULL
){options};
CREATE INDEX collection_owner ON collection (owner_id, id);

-- The files in a collection, and where each stands in it. Files of its owner alone.
CREATE TABLE collection_entry (
  collection_id {integer} NOT NULL REFERENCES collection (id),
  entry_id      {integer} NOT NULL,
  position      {integer} NOT NULL,          -- by which they are ordered; numbers have gaps
  added_at      {integer} NOT NULL,
  PRIMARY KEY (collection_id, entry_id)
){clustered};
CREATE UNIQUE INDEX collection_entry_position ON collection_entry (collection_id, position);
CREATE INDEX collection_entry_entry ON collection_entry (entry_id);

-- Share links: links to a file or a collection with a policy of their own.
CREATE TABLE share_link (
  id             {key},
  owner_id       {integer} NOT NULL REFERENCES account (id),
  token          {bytes} NOT NULL UNIQUE,     -- a UUID, as it is: its owner may ask for it again
  entry_id       {integer} REFERENCES entry (id),       -- one of these two is set
  collection_id  {integer} REFERENCES collection (id),
  password       {text} NOT NULL,            -- Argon2id in its encoded form; '': none
  expires_at     {integer},                  -- null: never
  max_downloads  {integer} CHECK (max_downloads > 0),  -- null: any number, which is not counted
  downloads      {integer} NOT NULL DEFAULT 0 CHECK (downloads >= 0),
  allow_download {integer} NOT NULL,
  created_at     {integer} NOT NULL,
  updated_at     {integer} NOT NULL,
  CHECK ((entry_id IS NULL) <> (collection_id IS NULL))
){options};
CREATE INDEX share_link_owner ON share_link (owner_id, id);
CREATE INDEX share_link_entry ON share_link (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX share_link_collection ON share_link (collection_id) WHERE collection_id IS NOT NULL;

-- Who has downloaded what by a share link that counts: requests for parts of the file belong to
-- that download for some hours, and for some bytes.
CREATE TABLE share_download (
  share_id {integer} NOT NULL REFERENCES share_link (id) ON DELETE CASCADE,
  entry_id {integer} NOT NULL,
  client   {bytes} NOT NULL,                  -- SHA-256 of the token, address and program
  at       {integer} NOT NULL,               -- when it was counted
  sent     {integer} NOT NULL,               -- bytes since, with what requests under way may send
  PRIMARY KEY (share_id, entry_id, client)
){clustered};
CREATE INDEX share_download_age ON share_download (at);

-- Secrets that lead to something for whoever has them.
CREATE TABLE link (
  id         {key},
  kind       {integer} NOT NULL,             -- LinkKind: 0 invite to a group, 1 one download of a file
  hash       {bytes} NOT NULL UNIQUE,         -- SHA-256 of the secret
  space_id   {integer} NOT NULL REFERENCES space (id),
  entry_id   {integer} REFERENCES entry (id) ON DELETE CASCADE,  -- kind 1
  uses_left  {integer} CHECK (uses_left >= 0),  -- kind 0: who may still join; null: any number
  created_at {integer} NOT NULL
){options};
CREATE INDEX link_space ON link (space_id, kind);
CREATE INDEX link_entry ON link (entry_id) WHERE entry_id IS NOT NULL;

-- Files whose address for everybody ends in their extension.
CREATE TABLE extended_address (
  entry_id  {integer} PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
  extension {text} NOT NULL                  -- without its dot
){options};

-- Projects, boxes, assets ---------------------------------------------------------------------------

-- What the API Boxes keeps beside spaces and entries (vault/boxes). A project is a space of kind 4, a
-- box a folder that lies directly in it, an asset an image or a video that lies directly in a box.
-- Where another API made the folder or the file, there is no row here, and the defaults stand.

-- One row a space of kind 4.
CREATE TABLE project (
  space_id     {integer} PRIMARY KEY REFERENCES space (id) ON DELETE CASCADE,
  status       {integer} NOT NULL,           -- ProjectStatus: 0 active, 1 paused, 2 completed
  aspect_ratio {integer} NOT NULL,           -- AspectRatio: 0 16:9, 1 9:16
  next_index   {integer} NOT NULL DEFAULT 0, -- the order_index of the next box
  updated_at   {integer} NOT NULL
){options};

CREATE TABLE box (
  entry_id     {integer} PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
  order_index  {integer} NOT NULL DEFAULT 0, -- by which the boxes of a project are ordered, then by id
  status       {integer} NOT NULL DEFAULT 0, -- BoxStatus: 0 draft, 1 in progress, 2 review, 3 approved
  headliner_id {integer},                    -- an asset of the box; counts only while it is one
  next_index   {integer} NOT NULL DEFAULT 0, -- the order_index of the next asset
  updated_at   {integer} NOT NULL DEFAULT 0
){options};

-- Kept while the file is in the trash.
CREATE TABLE asset (
  entry_id          {integer} PRIMARY KEY,
  owner_id          {integer} NOT NULL,      -- the file's
  order_index       {integer} NOT NULL,      -- by which the assets of a box are ordered, then by id
  is_favorite       {integer} NOT NULL,
  status            {integer} NOT NULL,      -- AssetStatus: 0 pending, 1 processing, 2 completed, 3 failed
  source            {integer} NOT NULL,      -- AssetSource: 0 generated, 1 uploaded, 2 from an image
  error_message     {text} NOT NULL,
  external_task_id  {text} NOT NULL,
  generation_config {text} NOT NULL,         -- JSON, as the client gave it; '': an empty object
  seed              {integer},
  ai_model_id       {integer},               -- counts only while there is that model
  parent_id         {integer},               -- the file that it was made from; counts only while it is there
  charged           {integer} NOT NULL CHECK (charged >= 0),  -- of its owner's quota: the bytes of its texts
  updated_at        {integer} NOT NULL
){options};

-- Files that are also a public object of the store (blobs/public_objects.h), whose address is told
-- instead of the server's. Every way in which a file goes, gets other bytes or is no asset any more
-- takes the row along, and puts the place into the ledger.
CREATE TABLE public_object (
  entry_id {integer} PRIMARY KEY REFERENCES entry (id),
  place    {bytes} NOT NULL UNIQUE
){options};

-- What assets may say they were made with: the same for all accounts, kept by admins.
CREATE TABLE ai_model (
  id         {key},
  name       {text} NOT NULL UNIQUE,
  created_at {integer} NOT NULL
){options};

-- Uploads in parts -------------------------------------------------------------------------------

CREATE TABLE multipart (
  id         {key},
  uuid       {bytes} NOT NULL UNIQUE,
  owner_id   {integer} NOT NULL,
  space_id   {integer} NOT NULL,
  parent_id  {integer} NOT NULL,             -- the folder the file goes to; 0: the space itself
  name       {bytes} NOT NULL,
  parts      {integer},                      -- how many there are to be, where the client said so
  bytes      {integer} NOT NULL CHECK (bytes >= 0),  -- of all its parts
  charged    {integer} NOT NULL CHECK (charged >= 0),  -- of the owner's quota; 0 once it is complete
  head       {bytes} NOT NULL,                -- how its first part begins
  expires_at {integer} NOT NULL,
  entry_id   {integer}                       -- the file, once it is complete
){options};
CREATE INDEX multipart_expiry ON multipart (expires_at);
-- Unfinished ones are counted at each beginning.
CREATE INDEX multipart_unfinished ON multipart (owner_id, expires_at) WHERE entry_id IS NULL;

-- The parts of an upload. Once it is complete they are the manifest of its file. Each row is a
-- reference to its blob, as a file without a manifest is.
CREATE TABLE part (
  multipart_id {integer} NOT NULL,
  number       {integer} NOT NULL,           -- from 1
  digest       {bytes} NOT NULL,
  size         {integer} NOT NULL,
  -- Where the part begins in the file: null until the upload is complete, and for empty parts.
  start        {integer},
  PRIMARY KEY (multipart_id, number)
){clustered};
CREATE INDEX part_start ON part (multipart_id, start) WHERE start IS NOT NULL;

-- Manifests whose file is gone. Their parts refer to no blob any more; the rows stay for a while
-- because a download may still be reading them.
CREATE TABLE retired_manifest (
  manifest_id {integer} PRIMARY KEY,
  retired_at  {integer} NOT NULL
){options};
CREATE INDEX retired_manifest_time ON retired_manifest (retired_at);

-- Events -----------------------------------------------------------------------------------------

-- What happened, written in the transaction in which it happened. Ids are in the order of commits.
CREATE TABLE event (
  id         {key},
  type       {integer} NOT NULL,             -- EventType
  at         {integer} NOT NULL,
  account_id {integer} NOT NULL,             -- who did it
  -- Of the entry or the collection, as it was then; null for what is not about one.
  owner_id   {integer},
  space_id   {integer},
  entry_id   {integer},
  uuid       {bytes},
  kind       {integer},                      -- FileKind
  collection_id {integer}
){options};
-- What an account has, for those that read what they missed of it: files, one of them, collections,
-- one of them. A folder is no file. The rows of all three are bounded by them for each account.
CREATE INDEX event_files ON event (owner_id, id) WHERE kind < 5;
CREATE INDEX event_file ON event (owner_id, entry_id, id) WHERE kind < 5;
CREATE INDEX event_folders ON event (owner_id, id) WHERE kind = 5;
CREATE INDEX event_collections ON event (owner_id, id) WHERE collection_id IS NOT NULL;
CREATE INDEX event_collection ON event (owner_id, collection_id, id) WHERE collection_id IS NOT NULL;

-- Up to which event the log was pruned: for all (owner_id 0), and for those who had more events than
-- they may.
CREATE TABLE event_pruned (
  owner_id {integer} PRIMARY KEY,
  through  {integer} NOT NULL
){options};

-- Consumers of the log, by their names, and the last event that each has dealt with.
CREATE TABLE event_reader (
  name     {text} NOT NULL PRIMARY KEY,
  position {integer} NOT NULL
){clustered};

-- Webhooks ---------------------------------------------------------------------------------------

-- Addresses that accounts want to be told at.
CREATE TABLE webhook (
  id           {key},
  account_id   {integer} NOT NULL REFERENCES account (id),
  url          {text} NOT NULL,
  topics       {integer} NOT NULL,           -- bits: 1 << WebhookTopic
  secret       {bytes} NOT NULL,              -- what its messages are signed with, as it is
  is_active    {integer} NOT NULL,           -- 0: paused
  since_event  {integer} NOT NULL,           -- events up to this one are not told
  is_proven    {integer} NOT NULL DEFAULT 0, -- whether the last attempt succeeded
  failures     {integer} NOT NULL DEFAULT 0, -- since one did; those under way together count once
  retry_at     {integer} NOT NULL DEFAULT 0, -- until when it rests after a failure
  waiting      {integer} NOT NULL DEFAULT 0 CHECK (waiting >= 0),  -- its pending deliveries
  -- When something is to be sent: the first `next_at` of its deliveries, or `retry_at` where that is
  -- later. Null: nothing waits, or it is paused.
  due_at       {integer},
  succeeded_at {integer},                    -- the last attempt that did
  created_at   {integer} NOT NULL,
  updated_at   {integer} NOT NULL
){options};
CREATE INDEX webhook_account ON webhook (account_id);
CREATE INDEX webhook_due ON webhook (is_proven, due_at) WHERE due_at IS NOT NULL;
-- Those that ask for registrations.
CREATE INDEX webhook_registered ON webhook (account_id) WHERE (topics & 8) <> 0;

-- One message each. Those of a removed webhook stay until they are pruned.
CREATE TABLE webhook_delivery (
  id           {key},
  uuid         {bytes} NOT NULL,              -- the message's, the same in each attempt
  webhook_id   {integer} NOT NULL,
  topic        {integer} NOT NULL,           -- WebhookTopic
  at           {integer} NOT NULL,           -- when it happened
  account_id   {integer} NOT NULL,           -- the owner, who registered, who asked for a test
  resource_kind {integer},                   -- what it is about: 0 an entry, 1 a collection
  resource_id  {integer},                    -- null: neither
  kind         {integer},                    -- FileKind, of an entry
  status       {integer} NOT NULL,           -- DeliveryStatus: 0 pending, 1 delivered, 2 dead
  attempts     {integer} NOT NULL,
  -- Of a pending one: when it is due; while it is leased, when the lease ends. Null: it comes after
  -- another one about the same resource. Of those of one webhook and resource, one is not null.
  next_at      {integer},
  lease        {integer},                    -- whose attempt is under way, a number drawn at random
  expires_at   {integer} NOT NULL,           -- no attempt is made after a failure from then on
  created_at   {integer} NOT NULL,
  finished_at  {integer},                    -- delivered or dead since
  -- Of the last attempt.
  attempted_at {integer},
  duration_ms  {integer},
  reply_status {integer},                    -- null: no reply came
  reply        {bytes},                      -- its first KiB
  error        {text} NOT NULL DEFAULT ''    -- why it failed, for people
){options};
CREATE INDEX webhook_delivery_status ON webhook_delivery (webhook_id, status, id);
CREATE INDEX webhook_delivery_next ON webhook_delivery (webhook_id, next_at, id)
  WHERE status = 0 AND next_at IS NOT NULL;
CREATE INDEX webhook_delivery_resource ON webhook_delivery (webhook_id, resource_kind, resource_id, id)
  WHERE status = 0 AND resource_id IS NOT NULL;
