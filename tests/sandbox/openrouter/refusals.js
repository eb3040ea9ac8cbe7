// OpenRouter's error shape: {"error":{"code","message","metadata"}}.

const MESSAGES = {
  400: 'Invalid request parameters', 401: 'Missing Authentication header', 402: 'Insufficient credits', 403: 'Only management keys can perform this operation',
  404: 'Resource not found', 413: 'Payload too large', 429: 'Rate limit exceeded', 500: 'Internal Server Error', 502: 'Provider returned error', 503: 'Service unavailable',
};

export const errorBody = (status, message = MESSAGES[status] ?? 'Error') => ({
  error: { code: status, message, metadata: status === 429 ? { error_type: 'rate_limit_exceeded' } : null }, user_id: null,
});

export const refuse = (status, message, headers = {}) => ({ refused: true, status, headers, body: errorBody(status, message) });
