// Written by scripts/types.mjs out of /openapi/mediavault.json: `npm run types`.
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Collection: {
            /** Format: date-time */
            created_at: string;
            description: string | null;
            /** @example col_3 */
            id: string;
            media_count: number;
            name: string;
            /** Format: date-time */
            updated_at: string;
            /** @example user_7 */
            user_id: string;
        };
        DeletedMedia: {
            /**
             * @description Null until it is worked out
             * @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
             */
            checksum: string | null;
            /** @example h264 */
            codec: string | null;
            collections: string[];
            /** Format: date-time */
            created_at: string;
            /** @constant */
            deleted: true;
            description: string | null;
            /** @description Seconds */
            duration: number | null;
            filename: string;
            height: number | null;
            /** @example media_12 */
            id: string;
            /** @description Degrees; told to the owner alone */
            location: {
                latitude: number;
                longitude: number;
            } | null;
            /** @example image/jpeg */
            media_type: string;
            /**
             * Format: date-time
             * @description Null: it is gone for good
             */
            restorable_until: string | null;
            /** @description Bytes */
            size: number;
            /**
             * @description Whether the file has been looked into
             * @enum {string}
             */
            status: "failed" | "processing" | "ready";
            /** @description Of `failed`: why */
            status_reason: string | null;
            tags: string[];
            /**
             * Format: date-time
             * @description As the file says; local time where it knows no offset
             */
            taken_at: string | null;
            /** @description Of a small picture; empty until there is one */
            thumbnail_url: string;
            title: string | null;
            /** @enum {string} */
            type: "audio" | "document" | "image" | "other" | "video";
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: uri
             * @description Of the bytes, for everybody who may read the medium
             */
            url: string;
            /** @example user_7 */
            user_id: string;
            /** Format: uuid */
            uuid: string;
            /** @description Pixels of the upright picture */
            width: number | null;
        };
        Delivery: {
            attempts: number;
            /** Format: date-time */
            created_at: string;
            duration_ms: number | null;
            error: string | null;
            event: components["schemas"]["MessageName"];
            /** Format: date-time */
            finished_at: string | null;
            /** @example delivery_9 */
            id: string;
            /** Format: date-time */
            last_attempt_at: string | null;
            /** @description The header `webhook-id` */
            message_id: string;
            /** Format: date-time */
            next_attempt_at: string | null;
            payload: components["schemas"]["WebhookPayload"];
            /** @description The first KiB of it */
            reply_body: string;
            reply_code: number | null;
            /** @enum {string} */
            status: "dead" | "delivered" | "pending";
        };
        /** @enum {string} */
        EventName: "collection.created" | "collection.deleted" | "collection.updated" | "media.deleted" | "media.purged" | "media.restored" | "media.updated" | "media.uploaded" | "user.registered";
        Failure: {
            error: {
                /** @example validation_error */
                code: string;
                details: {
                    field: string;
                    message: string;
                }[];
                /** @example Invalid input data */
                message: string;
            };
            meta: {
                request_id: string;
                /** Format: date-time */
                timestamp: string;
            };
            /** @constant */
            success: false;
        };
        Key: {
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description Null: never
             */
            expires_at: string | null;
            /** @example key_4 */
            id: string;
            /** @enum {string} */
            kind: "api" | "application" | "master" | "upload";
            /**
             * Format: date-time
             * @description To about a minute; null: never yet
             */
            last_used_at: string | null;
            name: string;
            /** @description The first characters of the key */
            prefix: string;
            scopes: ("read" | "write")[];
        };
        Media: {
            /**
             * @description Null until it is worked out
             * @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
             */
            checksum: string | null;
            /** @example h264 */
            codec: string | null;
            collections: string[];
            /** Format: date-time */
            created_at: string;
            description: string | null;
            /** @description Seconds */
            duration: number | null;
            filename: string;
            height: number | null;
            /** @example media_12 */
            id: string;
            /** @description Degrees; told to the owner alone */
            location: {
                latitude: number;
                longitude: number;
            } | null;
            /** @example image/jpeg */
            media_type: string;
            /** @description Bytes */
            size: number;
            /**
             * @description Whether the file has been looked into
             * @enum {string}
             */
            status: "failed" | "processing" | "ready";
            /** @description Of `failed`: why */
            status_reason: string | null;
            tags: string[];
            /**
             * Format: date-time
             * @description As the file says; local time where it knows no offset
             */
            taken_at: string | null;
            /** @description Of a small picture; empty until there is one */
            thumbnail_url: string;
            title: string | null;
            /** @enum {string} */
            type: "audio" | "document" | "image" | "other" | "video";
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: uri
             * @description Of the bytes, for everybody who may read the medium
             */
            url: string;
            /** @example user_7 */
            user_id: string;
            /** Format: uuid */
            uuid: string;
            /** @description Pixels of the upright picture */
            width: number | null;
        };
        MessageName: components["schemas"]["EventName"] | "webhook.test";
        Meta: {
            /** Format: date-time */
            timestamp: string;
            /** @example 1.0.0 */
            version: string;
        };
        NewKey: {
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description Null: never
             */
            expires_at: string | null;
            /** @example key_4 */
            id: string;
            /** @enum {string} */
            kind: "api" | "application" | "master" | "upload";
            /**
             * Format: date-time
             * @description To about a minute; null: never yet
             */
            last_used_at: string | null;
            name: string;
            /** @description The first characters of the key */
            prefix: string;
            scopes: ("read" | "write")[];
            /** @description Shown this once */
            secret: string;
        };
        NewWebhook: {
            active: boolean;
            /** Format: date-time */
            created_at: string;
            events: components["schemas"]["EventName"][];
            /** @description In a row */
            failures: number;
            /** @example hook_5 */
            id: string;
            /** Format: date-time */
            last_success_at: string | null;
            /** @description Deliveries that are to be made */
            pending: number;
            /** @description Shown this once */
            secret: string;
            /** Format: date-time */
            updated_at: string;
            url: string;
        };
        PageMeta: {
            pagination: components["schemas"]["Pagination"];
            /** Format: date-time */
            timestamp: string;
            /** @example 1.0.0 */
            version: string;
        };
        Pagination: {
            count: number;
            current_page: number;
            links: {
                /**
                 * @description Relative to the API's root
                 * @example /media?page=3
                 */
                next: string | null;
                next_cursor?: string | null;
                /** @example /media?page=3 */
                prev: string | null;
            };
            per_page: number;
            total: number;
            /** @description There are more than the total */
            total_is_more?: boolean;
            total_pages: number;
        };
        Session: {
            /** @description Of its last log-in or refresh */
            address: string;
            /** Format: date-time */
            created_at: string;
            /** @description Whether it is the one that asks */
            current: boolean;
            /** Format: date-time */
            expires_at: string;
            /** @example session_9 */
            id: string;
            /**
             * Format: date-time
             * @description To about a minute
             */
            last_used_at: string;
            /** @description Of its last log-in or refresh; 256 bytes of it */
            user_agent: string;
        };
        Share: {
            allow_download: boolean;
            /** @example col_3 */
            collection_id: string | null;
            /** Format: date-time */
            created_at: string;
            /** @description That were counted */
            downloads: number;
            /** Format: date-time */
            expires_at: string | null;
            has_password: boolean;
            /** @example share_6 */
            id: string;
            max_downloads: number | null;
            /**
             * @description This or `collection_id`
             * @example media_12
             */
            media_id: string | null;
            /** Format: uuid */
            token: string;
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: uri
             * @description Of its page
             */
            url: string;
            /** @example user_7 */
            user_id: string;
        };
        Tokens: {
            /** @description Seconds */
            expires_in: number;
            refresh_token: string;
            /** @description A JWT, sent as `Authorization: Bearer` */
            token: string;
            /** @constant */
            token_type: "Bearer";
        };
        TrashedMedia: {
            /**
             * @description Null until it is worked out
             * @example sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
             */
            checksum: string | null;
            /** @example h264 */
            codec: string | null;
            collections: string[];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            deleted_at: string;
            description: string | null;
            /** @description Seconds */
            duration: number | null;
            filename: string;
            height: number | null;
            /** @example media_12 */
            id: string;
            /** @description Degrees; told to the owner alone */
            location: {
                latitude: number;
                longitude: number;
            } | null;
            /** @example image/jpeg */
            media_type: string;
            /** Format: date-time */
            restorable_until: string;
            /** @description Bytes */
            size: number;
            /**
             * @description Whether the file has been looked into
             * @enum {string}
             */
            status: "failed" | "processing" | "ready";
            /** @description Of `failed`: why */
            status_reason: string | null;
            tags: string[];
            /**
             * Format: date-time
             * @description As the file says; local time where it knows no offset
             */
            taken_at: string | null;
            /** @description Of a small picture; empty until there is one */
            thumbnail_url: string;
            title: string | null;
            /** @enum {string} */
            type: "audio" | "document" | "image" | "other" | "video";
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: uri
             * @description Of the bytes, for everybody who may read the medium
             */
            url: string;
            /** @example user_7 */
            user_id: string;
            /** Format: uuid */
            uuid: string;
            /** @description Pixels of the upright picture */
            width: number | null;
        };
        User: {
            /** @description The same with what their metadata costs */
            charged_bytes: number;
            /** Format: date-time */
            created_at: string;
            email: string | null;
            /** @example user_7 */
            id: string;
            is_admin: boolean;
            /** @description What `used` may not pass; null: no limit */
            quota: number | null;
            /** @description Null: none */
            quota_bytes: number | null;
            /** @description Of `used` what is in the trash; of `/users/me` */
            trashed?: number;
            /** Format: date-time */
            updated_at: string;
            /** @description Bytes that count in the quota */
            used: number;
            /** @description Of all files */
            used_bytes: number;
            username: string;
            /** Format: uuid */
            uuid: string;
        };
        Webhook: {
            active: boolean;
            /** Format: date-time */
            created_at: string;
            events: components["schemas"]["EventName"][];
            /** @description In a row */
            failures: number;
            /** @example hook_5 */
            id: string;
            /** Format: date-time */
            last_success_at: string | null;
            /** @description Deliveries that are to be made */
            pending: number;
            /** Format: date-time */
            updated_at: string;
            url: string;
        };
        WebhookPayload: {
            data: {
                id: string;
                type: string;
                /** @example user_7 */
                user_id: string;
            };
            event: components["schemas"]["MessageName"];
            /** Format: date-time */
            timestamp: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_keys: {
        parameters: {
            query?: {
                /** @description In place of `page`: empty for the first page, then `links.next_cursor` of the page before */
                cursor?: string;
                /** @description From 1 */
                page?: number;
                /** @description Without it, `page` and `cursor` all of them are one page */
                per_page?: number;
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys, the oldest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Key"][];
                        meta: components["schemas"]["PageMeta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    create_key: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn at random for each request: sent again with the same key within a day, it is carried out once and gets the first reply */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "backup",
                 *       "scopes": [
                 *         "read"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /**
                     * Format: date-time
                     * @description Null: never
                     */
                    expires_at?: string | null;
                    /**
                     * @default api
                     * @enum {string}
                     */
                    kind?: "api" | "master";
                    name: string;
                    /** @description Both when missing */
                    scopes?: ("read" | "write")[];
                };
            };
        };
        responses: {
            /** @description The key; its secret is shown this once */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["NewKey"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    delete_key: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id
                 * @example key_4
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** @constant */
                            deleted: true;
                            id: string;
                        };
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    log_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "username": "user@example.com",
                 *       "password": "yourpassword"
                 *     }
                 */
                "application/json": {
                    password: string;
                    username: string;
                };
            };
        };
        responses: {
            /** @description The tokens, bare and in `data` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Tokens"];
                        expires_in: number;
                        meta: components["schemas"]["Meta"];
                        refresh_token: string;
                        /** @constant */
                        success: true;
                        token: string;
                        /** @constant */
                        token_type: "Bearer";
                    };
                };
            };
        };
    };
    log_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The token is good no longer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            message: string;
                        };
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    log_out_everywhere: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description This one too */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            message: string;
                            sessions_ended: number;
                        };
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    refresh_token?: string;
                };
            };
        };
        responses: {
            /** @description The tokens, bare and in `data` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Tokens"];
                        expires_in: number;
                        meta: components["schemas"]["Meta"];
                        refresh_token: string;
                        /** @constant */
                        success: true;
                        token: string;
                        /** @constant */
                        token_type: "Bearer";
                    };
                };
            };
        };
    };
    register: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "user@example.com",
                 *       "username": "user1",
                 *       "password": "yourpassword"
                 *     }
                 */
                "application/json": {
                    email?: string | null;
                    /** @description At least 8 bytes, unless the server asks for more */
                    password: string;
                    username: string;
                };
            };
        };
        responses: {
            /** @description The account */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["User"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    list_sessions: {
        parameters: {
            query?: {
                /** @description In place of `page`: empty for the first page, then `links.next_cursor` of the page before */
                cursor?: string;
                /** @description From 1 */
                page?: number;
                /** @description Without it, `page` and `cursor` all of them are one page */
                per_page?: number;
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sessions, the oldest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Session"][];
                        meta: components["schemas"]["PageMeta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    end_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Its id
                 * @example session_9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** @constant */
                            deleted: true;
                            id: string;
                        };
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    list_collections: {
        parameters: {
            query?: {
                /** @description In place of `page`: empty for the first page, then `links.next_cursor` of the page before */
                cursor?: string;
                /** @description From 1 */
                page?: number;
                per_page?: number;
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them, the oldest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Collection"][];
                        meta: components["schemas"]["PageMeta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    create_collection: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn at random for each request: sent again with the same key within a day, it is carried out once and gets the first reply */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Holidays",
                 *       "description": "By the sea"
                 *     }
                 */
                "application/json": {
                    description?: string | null;
                    name: string;
                };
            };
        };
        responses: {
            /** @description The collection */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Collection"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    show_collection: {
        parameters: {
            query?: never;
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Its id or number
                 * @example col_3
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The collection */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Collection"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    delete_collection: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id or number
                 * @example col_3
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** @constant */
                            deleted: true;
                            id: string;
                        };
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    update_collection: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id or number
                 * @example col_3
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    description?: string | null;
                    name?: string;
                };
            };
        };
        responses: {
            /** @description The collection */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Collection"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    list_collection_media: {
        parameters: {
            query?: {
                /** @description Created then or later */
                created_after?: string;
                /** @description Created before that moment */
                created_before?: string;
                /** @description In place of `page`: empty for the first page, then `links.next_cursor` of the page before */
                cursor?: string;
                order?: "asc" | "desc";
                /** @description From 1 */
                page?: number;
                per_page?: number;
                /** @description Words, each of which is part of filename, title, description or a tag */
                q?: string;
                /** @description With `-` in front: backwards; `relevance` with `q` only */
                sort?: "-added_at" | "-created_at" | "-filename" | "-position" | "-size" | "-taken_at" | "added_at" | "created_at" | "filename" | "position" | "relevance" | "size" | "taken_at";
                /** @description With that tag */
                tag?: string;
                /** @description Says that it was taken then or later */
                taken_after?: string;
                /** @description Says that it was taken before that moment */
                taken_before?: string;
                /** @description Of that kind only */
                type?: "audio" | "document" | "image" | "other" | "video";
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Its id or number
                 * @example col_3
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them, in the collection's order */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Media"][];
                        meta: components["schemas"]["PageMeta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    add_to_collection: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn at random for each request: sent again with the same key within a day, it is carried out once and gets the first reply */
                "Idempotency-Key"?: string;
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id or number
                 * @example col_3
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "media_ids": [
                 *         "media_12",
                 *         "media_13"
                 *       ]
                 *     }
                 */
                "application/json": {
                    media_id?: string;
                    media_ids?: string[];
                };
            };
        };
        responses: {
            /** @description The collection */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Collection"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    take_out_of_collection: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id or number
                 * @example col_3
                 */
                id: string;
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                media: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The collection */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Collection"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    move_in_collection: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id or number
                 * @example col_3
                 */
                id: string;
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                media: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "before": "media_12"
                 *     }
                 */
                "application/json": {
                    /** @description A medium of it; null: to the end */
                    before: string | null;
                };
            };
        };
        responses: {
            /** @description The collection */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Collection"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    list_shares_of_collection: {
        parameters: {
            query?: {
                /** @description In place of `page`: empty for the first page, then `links.next_cursor` of the page before */
                cursor?: string;
                /** @description From 1 */
                page?: number;
                per_page?: number;
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Its id or number
                 * @example col_3
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Share"][];
                        meta: components["schemas"]["PageMeta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    share_collection: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn at random for each request: sent again with the same key within a day, it is carried out once and gets the first reply */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description Its id or number
                 * @example col_3
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "password": "open sesame",
                 *       "max_downloads": 10
                 *     }
                 */
                "application/json": {
                    /** @description False: it is for looking at only */
                    allow_download?: boolean;
                    /**
                     * Format: date-time
                     * @description In the future; null: never
                     */
                    expires_at?: string | null;
                    /** @description Null: any number, which is not counted */
                    max_downloads?: number | null;
                    /** @description That visitors are asked for; null: none */
                    password?: string | null;
                };
            };
        };
        responses: {
            /** @description The share, with its link */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Share"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    list_media: {
        parameters: {
            query?: {
                /** @description In that collection */
                collection?: string;
                /** @description Created then or later */
                created_after?: string;
                /** @description Created before that moment */
                created_before?: string;
                /** @description In place of `page`: empty for the first page, then `links.next_cursor` of the page before */
                cursor?: string;
                order?: "asc" | "desc";
                /** @description From 1 */
                page?: number;
                per_page?: number;
                /** @description Words, each of which is part of filename, title, description or a tag */
                q?: string;
                /** @description With `-` in front: backwards; `relevance` with `q` only */
                sort?: "-created_at" | "-filename" | "-size" | "-taken_at" | "created_at" | "filename" | "relevance" | "size" | "taken_at";
                /** @description With that tag */
                tag?: string;
                /** @description Says that it was taken then or later */
                taken_after?: string;
                /** @description Says that it was taken before that moment */
                taken_before?: string;
                /** @description Of that kind only */
                type?: "audio" | "document" | "image" | "other" | "video";
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Media"][];
                        meta: components["schemas"]["PageMeta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    show_media: {
        parameters: {
            query?: never;
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The medium */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Media"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    delete_media: {
        parameters: {
            query?: {
                /** @description Whether it is gone for good */
                permanent?: boolean;
            };
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What it was */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["DeletedMedia"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    update_media: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "title": "Sea",
                 *       "tags": [
                 *         "summer"
                 *       ]
                 *     }
                 */
                "application/json": {
                    description?: string | null;
                    filename?: string;
                    tags?: string[];
                    title?: string | null;
                };
            };
        };
        responses: {
            /** @description The medium */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Media"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    download_media: {
        parameters: {
            query?: {
                /** @description Anything but `0` and `false`: to save rather than to show */
                download?: string;
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
                /** @description `bytes=0-1023` */
                Range?: string;
            };
            path: {
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes, with the type of the medium */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": unknown;
                };
            };
            /** @description The part that `Range` asks for */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": unknown;
                };
            };
        };
    };
    replace_content: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": unknown;
                "multipart/form-data": {
                    checksum?: string;
                    file: unknown;
                };
            };
        };
        responses: {
            /** @description The medium, once the bytes are safe on the disk */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Media"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    show_image: {
        parameters: {
            query?: {
                /** @description `inside`: both edges at most as asked, never enlarged; `contain`: one edge as asked; `cover`: both as asked, what stands out is cut off, needs `w` and `h` */
                fit?: "contain" | "cover" | "inside";
                format?: "avif" | "jpeg" | "webp";
                /** @description Pixels */
                h?: number;
                /** @description Quality */
                q?: number;
                /** @description Pixels; this or `h` is needed */
                w?: number;
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
                /** @description `bytes=0-1023` */
                Range?: string;
            };
            path: {
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/avif": unknown;
                    "image/jpeg": unknown;
                    "image/webp": unknown;
                };
            };
            /** @description The part that `Range` asks for */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/avif": unknown;
                    "image/jpeg": unknown;
                    "image/webp": unknown;
                };
            };
        };
    };
    list_shares_of_media: {
        parameters: {
            query?: {
                /** @description In place of `page`: empty for the first page, then `links.next_cursor` of the page before */
                cursor?: string;
                /** @description From 1 */
                page?: number;
                per_page?: number;
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Share"][];
                        meta: components["schemas"]["PageMeta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    share_media: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn at random for each request: sent again with the same key within a day, it is carried out once and gets the first reply */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "password": "open sesame",
                 *       "max_downloads": 10
                 *     }
                 */
                "application/json": {
                    /** @description False: it is for looking at only */
                    allow_download?: boolean;
                    /**
                     * Format: date-time
                     * @description In the future; null: never
                     */
                    expires_at?: string | null;
                    /** @description Null: any number, which is not counted */
                    max_downloads?: number | null;
                    /** @description That visitors are asked for; null: none */
                    password?: string | null;
                };
            };
        };
        responses: {
            /** @description The share, with its link */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Share"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    show_thumbnail: {
        parameters: {
            query?: never;
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
                /** @description `bytes=0-1023` */
                Range?: string;
            };
            path: {
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/avif": unknown;
                    "image/jpeg": unknown;
                    "image/webp": unknown;
                };
            };
            /** @description The part that `Range` asks for */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/avif": unknown;
                    "image/jpeg": unknown;
                    "image/webp": unknown;
                };
            };
        };
    };
    find_existing_media: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn at random for each request: sent again with the same key within a day, it is carried out once and gets the first reply */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    checksums: string[];
                };
            };
        };
        responses: {
            /** @description Each checksum, with a medium that has these bytes or null */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            [key: string]: string | null;
                        };
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    upload_media: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn at random for each request: sent again with the same key within a day, it is carried out once and gets the first reply */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    checksum?: string[];
                    description?: string;
                    file: unknown[];
                    /** @description Separated by commas */
                    tags?: string;
                    title?: string;
                };
            };
        };
        responses: {
            /** @description The media, once they are safe on the disk */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Media"] | components["schemas"]["Media"][];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    list_shares: {
        parameters: {
            query?: {
                /** @description In place of `page`: empty for the first page, then `links.next_cursor` of the page before */
                cursor?: string;
                /** @description From 1 */
                page?: number;
                per_page?: number;
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Share"][];
                        meta: components["schemas"]["PageMeta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    show_share: {
        parameters: {
            query?: never;
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Its id
                 * @example share_6
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The share */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Share"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    revoke_share: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id
                 * @example share_6
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** @constant */
                            deleted: true;
                            id: string;
                        };
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    update_share: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id
                 * @example share_6
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "password": "open sesame",
                 *       "max_downloads": 10
                 *     }
                 */
                "application/json": {
                    /** @description False: it is for looking at only */
                    allow_download?: boolean;
                    /**
                     * Format: date-time
                     * @description In the future; null: never
                     */
                    expires_at?: string | null;
                    /** @description Null: any number, which is not counted */
                    max_downloads?: number | null;
                    /** @description That visitors are asked for; null: none */
                    password?: string | null;
                };
            };
        };
        responses: {
            /** @description The share */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Share"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    list_trash: {
        parameters: {
            query?: {
                /** @description In place of `page`: empty for the first page, then `links.next_cursor` of the page before */
                cursor?: string;
                /** @description From 1 */
                page?: number;
                per_page?: number;
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of it, what was deleted last first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["TrashedMedia"][];
                        meta: components["schemas"]["PageMeta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    empty_trash: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How much that was */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** @description Media */
                            deleted: number;
                            /** @description Of the quota */
                            freed_bytes: number;
                        };
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    delete_trashed_media: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** @constant */
                            deleted: true;
                            id: string;
                        };
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    restore_media: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn at random for each request: sent again with the same key within a day, it is carried out once and gets the first reply */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description Its id, number or UUID
                 * @example media_12
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The medium */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Media"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    show_me: {
        parameters: {
            query?: never;
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["User"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    delete_me: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The account's */
                    password: string;
                };
            };
        };
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** @constant */
                            deleted: true;
                            id: string;
                        };
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    update_me: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    current_password?: string;
                    /** @description Null: none */
                    email?: string | null;
                    /** @description At least 8 bytes, unless the server asks for more */
                    password?: string;
                    username?: string;
                };
            };
        };
        responses: {
            /** @description The account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["User"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    list_webhooks: {
        parameters: {
            query?: {
                /** @description In place of `page`: empty for the first page, then `links.next_cursor` of the page before */
                cursor?: string;
                /** @description From 1 */
                page?: number;
                /** @description Without it, `page` and `cursor` all of them are one page */
                per_page?: number;
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhooks, the oldest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Webhook"][];
                        meta: components["schemas"]["PageMeta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    create_webhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn at random for each request: sent again with the same key within a day, it is carried out once and gets the first reply */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "url": "https://example.org/hook",
                 *       "events": [
                 *         "media.uploaded",
                 *         "media.deleted"
                 *       ]
                 *     }
                 */
                "application/json": {
                    events: components["schemas"]["EventName"][];
                    url: string;
                };
            };
        };
        responses: {
            /** @description The webhook; its secret is shown this once */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["NewWebhook"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    show_webhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Its id
                 * @example hook_5
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Webhook"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    delete_webhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id
                 * @example hook_5
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** @constant */
                            deleted: true;
                            id: string;
                        };
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    update_webhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what is to be changed: in any other state it is not */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Its id
                 * @example hook_5
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "active": false
                 *     }
                 */
                "application/json": {
                    active?: boolean;
                    events?: components["schemas"]["EventName"][];
                    url?: string;
                };
            };
        };
        responses: {
            /** @description The webhook */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Webhook"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    list_deliveries: {
        parameters: {
            query?: {
                /** @description In place of `page`: empty for the first page, then `links.next_cursor` of the page before */
                cursor?: string;
                /** @description From 1 */
                page?: number;
                per_page?: number;
                status?: "dead" | "delivered" | "pending";
            };
            header?: {
                /** @description An `ETag` that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description Its id
                 * @example hook_5
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deliveries, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Delivery"][];
                        meta: components["schemas"]["PageMeta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    resend_delivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn at random for each request: sent again with the same key within a day, it is carried out once and gets the first reply */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description Its id
                 * @example delivery_9
                 */
                delivery: string;
                /**
                 * @description Its id
                 * @example hook_5
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery that is to be */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Delivery"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
    test_webhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Drawn at random for each request: sent again with the same key within a day, it is carried out once and gets the first reply */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description Its id
                 * @example hook_5
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery that is to be */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Delivery"];
                        meta: components["schemas"]["Meta"];
                        /** @constant */
                        success: true;
                    };
                };
            };
        };
    };
}
