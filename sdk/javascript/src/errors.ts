// What can go wrong. Every error of this package is a MediaVaultError; an aborted call throws the
// reason of its AbortSignal, as `fetch` does.

/** The root of all errors of this package. */
export class MediaVaultError extends Error {
  override name = "MediaVaultError";
}

/** No reply came: the connection could not be made, or broke. `cause` says how. */
export class ConnectionError extends MediaVaultError {
  override name = "ConnectionError";
}

/** Nothing moved for as long as `timeout` says. */
export class TimeoutError extends ConnectionError {
  override name = "TimeoutError";
}

/** Bytes that were downloaded are not what the vault says they are. */
export class IntegrityError extends MediaVaultError {
  override name = "IntegrityError";
}

/** A webhook's message is not signed with the secret, or not in time. */
export class WebhookVerificationError extends MediaVaultError {
  override name = "WebhookVerificationError";
}

/** What is at fault in one field of a request. */
export interface ErrorDetail {
  field: string;
  message: string;
}

/** Codes of errors that servers of this version answer with; a later server may have more. */
export type ErrorCode =
  | "validation_error"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "request_timeout"
  | "conflict"
  | "idempotency_in_progress"
  | "idempotency_reply_lost"
  | "idempotency_mismatch"
  | "precondition_failed"
  | "checksum_mismatch"
  | "quota_exceeded"
  | "payload_too_large"
  | "uri_too_long"
  | "unsupported_media_type"
  | "range_not_satisfiable"
  | "upgrade_required"
  | "rate_limited"
  | "headers_too_large"
  | "internal_error"
  | "not_implemented"
  | "busy"
  | "version_not_supported"
  | "insufficient_storage"
  | (string & {});

/** What an ApiError is made of. */
export interface Failure {
  status: number;
  code: ErrorCode;
  message: string;
  details: ErrorDetail[];
  requestId?: string;
  retryAfter?: number;
}

/** The vault answered with an error. Its class says which; `code` says it also between versions of this package. */
export class ApiError extends MediaVaultError {
  override name = "ApiError";
  /** The status of the reply, 400 to 599. */
  readonly status: number;
  /** The code of the API; `http_<status>` where something else than the vault answered. */
  readonly code: ErrorCode;
  /** Each field that is at fault. */
  readonly details: ErrorDetail[];
  /** By which the server's log knows the request. */
  readonly requestId?: string;
  /** Seconds that the server asks to wait for. */
  readonly retryAfter?: number;

  constructor(failure: Failure) {
    super(failure.message);
    this.status = failure.status;
    this.code = failure.code;
    this.details = failure.details;
    this.requestId = failure.requestId;
    this.retryAfter = failure.retryAfter;
  }
}

/** 400: something in the request is not as it has to be; `details` says what. */
export class ValidationError extends ApiError {
  override name = "ValidationError";
}
/** 401: no credentials, or none that are valid (any more). */
export class UnauthorizedError extends ApiError {
  override name = "UnauthorizedError";
}
/** 403: the credentials do not suffice. */
export class ForbiddenError extends ApiError {
  override name = "ForbiddenError";
}
/** 404: it is not there, or belongs to somebody else. */
export class NotFoundError extends ApiError {
  override name = "NotFoundError";
}
/** 409: the name or address is taken, or the state does not permit it. */
export class ConflictError extends ApiError {
  override name = "ConflictError";
}
/** 412: it has changed since it was read. */
export class PreconditionFailedError extends ApiError {
  override name = "PreconditionFailedError";
}
/** 422: the bytes that arrived are not those of the checksum. */
export class ChecksumMismatchError extends ApiError {
  override name = "ChecksumMismatchError";
}
/** 409 or 422: the idempotency key was used for another request, or its reply is no longer known. */
export class IdempotencyError extends ApiError {
  override name = "IdempotencyError";
}
/** 413: it does not fit into the account's quota. */
export class QuotaExceededError extends ApiError {
  override name = "QuotaExceededError";
}
/** 413: it is larger than the server takes. */
export class PayloadTooLargeError extends ApiError {
  override name = "PayloadTooLargeError";
}
/** 429: too many requests, also after the retries. */
export class RateLimitedError extends ApiError {
  override name = "RateLimitedError";
}
/** 503: the server is busy, also after the retries. */
export class BusyError extends ApiError {
  override name = "BusyError";
}
/** 507: the server's disk is full. */
export class InsufficientStorageError extends ApiError {
  override name = "InsufficientStorageError";
}
/** 500: the server failed. */
export class InternalError extends ApiError {
  override name = "InternalError";
}

const CLASSES: Record<string, typeof ApiError> = {
  validation_error: ValidationError,
  unauthorized: UnauthorizedError,
  forbidden: ForbiddenError,
  not_found: NotFoundError,
  conflict: ConflictError,
  precondition_failed: PreconditionFailedError,
  checksum_mismatch: ChecksumMismatchError,
  idempotency_in_progress: IdempotencyError,
  idempotency_reply_lost: IdempotencyError,
  idempotency_mismatch: IdempotencyError,
  quota_exceeded: QuotaExceededError,
  payload_too_large: PayloadTooLargeError,
  rate_limited: RateLimitedError,
  busy: BusyError,
  insufficient_storage: InsufficientStorageError,
  internal_error: InternalError,
  // Codes that this version does not know are of the class of their status.
  http_401: UnauthorizedError,
  http_403: ForbiddenError,
  http_404: NotFoundError,
  http_409: ConflictError,
  http_412: PreconditionFailedError,
  http_429: RateLimitedError,
  http_500: InternalError,
  http_503: BusyError,
  http_507: InsufficientStorageError,
};

/** The error of that class. */
export function apiError(failure: Failure): ApiError {
  const name = [failure.code, `http_${failure.status}`].find((each) => Object.hasOwn(CLASSES, each));
  return new (name === undefined ? ApiError : CLASSES[name]!)(failure);
}

/** Seconds of a `Retry-After` field: a number or a date. */
function secondsOf(field: string | null): number | undefined {
  if (!field) return undefined;
  const seconds = /^\s*\d+\s*$/.test(field) ? Number(field) : (Date.parse(field) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** What a reply that is no success says, whoever sent it. Reads its body. */
export async function failureOf(response: Response): Promise<Failure> {
  const { status, headers } = response;
  let error: Partial<Failure> | undefined;
  let requestId = headers.get("x-request-id") ?? undefined;
  try {
    const body = JSON.parse(await response.text());
    error = body.error;
    requestId = body.meta?.request_id ?? requestId;
  } catch {
    // Something between the client and the vault answered.
  }
  const known = typeof error?.code === "string";
  return {
    status,
    code: known ? error!.code! : `http_${status}`,
    message: (known && error!.message) || `HTTP ${status} ${response.statusText}`.trim(),
    details: (known && error!.details) || [],
    requestId,
    retryAfter: secondsOf(headers.get("retry-after")),
  };
}
