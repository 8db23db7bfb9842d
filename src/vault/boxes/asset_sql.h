// The parts of statements about assets. The main table is `entry` under its own name, as
// kEntryColumns wants it; every other one is selected under names that entries do not have.
#pragma once

namespace coffer::vault {

// Follow kEntryColumns.
inline constexpr char kAssetColumns[] =
    ", box_id, box_name, coalesce(a_order, 0), coalesce(a_favorite, 0), coalesce(a_status, 2),"
    " coalesce(a_source, 1), coalesce(a_error, ''), coalesce(a_task, ''), coalesce(a_config, ''),"
    " a_seed, model_id, model_name,"
    " (SELECT made.id FROM entry AS made WHERE made.id = a_parent AND made.is_folder = 0"
    "  AND made.owner_id = entry.owner_id), coalesce(a_updated, 0),"
    " (SELECT place FROM public_object AS copy WHERE copy.entry_id = entry.id)";
inline constexpr int kAssetWidth = 15;

inline constexpr char kProjectTable[] =
    "(SELECT id AS project_id, owner_id AS project_owner FROM space"
    " WHERE kind = 4 AND removed_at IS NULL) AS p";
inline constexpr char kBoxTable[] =
    "(SELECT id AS box_id, name AS box_name, space_id AS box_space FROM entry"
    " WHERE parent_id = 0 AND is_folder = 1) AS f";
inline constexpr char kBoxRowTable[] =
    " LEFT JOIN (SELECT entry_id AS b_entry, order_index AS b_order FROM box) AS b"
    " ON b.b_entry = f.box_id";
inline constexpr char kAssetTables[] =
    " LEFT JOIN (SELECT entry_id AS a_entry, order_index AS a_order, is_favorite AS a_favorite,"
    " status AS a_status, source AS a_source, error_message AS a_error,"
    " external_task_id AS a_task, generation_config AS a_config, seed AS a_seed,"
    " ai_model_id AS a_model, parent_id AS a_parent, updated_at AS a_updated FROM asset) AS a"
    " ON a.a_entry = entry.id"
    " LEFT JOIN (SELECT id AS model_id, name AS model_name FROM ai_model) AS m"
    " ON m.model_id = a.a_model";

// The condition under which a row of these is an asset, but for where it lies.
inline constexpr char kIsAsset[] = " AND entry.is_folder = 0 AND entry.kind IN (0, 1)";

}  // namespace coffer::vault
