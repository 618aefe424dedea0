/** Shaders: ground, cut sides, lines of a width in pixels, and symbols; GLSL ES 3. */

const HEAD = `precision highp float;
uniform mat4 modelViewMatrix; uniform mat4 projectionMatrix;
`;

/** The painted map over the height field, with a little light of its own; cut peaks are striped. */
export const GROUND = {
  vertexShader: `${HEAD}
in vec3 position; in vec2 uv; in float shade; in float cut;
out vec2 place; out float light; out float over; out vec2 flat_;
void main() {
  place = uv; light = shade; over = cut; flat_ = position.xz;
  gl_Position = projectionMatrix * (modelViewMatrix * vec4(position, 1.0));
}`,
  fragmentShader: `precision highp float;
uniform sampler2D map; uniform vec3 paper;
in vec2 place; in float light; in float over; in vec2 flat_;
out vec4 color;
void main() {
  vec3 ground = texture(map, place).rgb * light;
  if (over > 0.5) ground = mix(ground, paper, fract((flat_.x + flat_.y) * 45.0) < 0.4 ? 0.75 : 0.35);
  color = vec4(ground, 1.0);
}`,
};

/** The cut sides: strata at the levels of the contour lines, read from a strip one texel wide. */
export const SIDE = {
  vertexShader: `${HEAD}
in vec3 position; in float shade;
out float height; out float light;
void main() {
  height = position.y; light = shade;
  gl_Position = projectionMatrix * (modelViewMatrix * vec4(position, 1.0));
}`,
  fragmentShader: `precision highp float;
uniform sampler2D strata; uniform vec2 range;
in float height; in float light;
out vec4 color;
void main() {
  float share = clamp((height - range.x) / (range.y - range.x), 0.0, 1.0);
  color = vec4(texture(strata, vec2(0.5, share)).rgb * light, 1.0);
}`,
};

/** What the block casts on the page that it stands on: darkest at its foot. */
export const SHADOW = {
  vertexShader: `${HEAD}
in vec3 position; out vec2 place;
void main() {
  place = position.xz;
  gl_Position = projectionMatrix * (modelViewMatrix * vec4(position, 1.0));
}`,
  fragmentShader: `precision highp float;
uniform vec2 half_; uniform float dark;
in vec2 place;
out vec4 color;
void main() {
  if (all(lessThan(abs(place), half_ - 0.006))) discard; // under the block itself
  vec2 beyond = max(abs(place - vec2(0.025, 0.02)) - half_, 0.0);
  float near = max(0.0, 1.0 - length(beyond) / 0.16);
  color = vec4(0.0, 0.0, 0.0, dark * near * near);
}`,
};

/**
 * A segment is a quad of \`width\` pixels between its ends. Steps after \`time\` are not
 * drawn. From band 3 on (the gap is a tenth of the range and more) the line is dashed and fades.
 */
export const LINE = {
  vertexShader: `${HEAD}
uniform vec2 viewport; uniform float width; uniform float time; uniform float lift;
in vec2 position; in vec4 start; in vec2 startInfo; in vec4 end; in vec2 endInfo;
out float side; out float along; out float band;
void main() {
  float last = clamp((time - start.w) / max(end.w - start.w, 1e-6), 0.0, 1.0);
  if (time < start.w || startInfo.x > 8.0 || endInfo.x > 8.0) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  vec4 p = projectionMatrix * (modelViewMatrix * vec4(start.xyz, 1.0));
  vec4 q = projectionMatrix * (modelViewMatrix * vec4(mix(start.xyz, end.xyz, last), 1.0));
  if (p.w < 0.02 || q.w < 0.02) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  vec2 way = (q.xy / q.w - p.xy / p.w) * viewport;
  float size = length(way);
  vec2 ahead = size > 1e-4 ? way / size : vec2(1.0, 0.0);
  vec2 across = vec2(-ahead.y, ahead.x);
  float reach = width * 0.5 + 0.75;
  vec4 here = position.x < 0.5 ? p : q;
  vec2 shift = across * position.y * reach + ahead * (position.x * 2.0 - 1.0) * width * 0.15;
  here.xy += shift * 2.0 / viewport * here.w;
  here.z -= lift * here.w;
  side = position.y * reach;
  along = mix(startInfo.y, mix(startInfo.y, endInfo.y, last), position.x);
  band = endInfo.x;
  gl_Position = here;
}`,
  fragmentShader: `precision highp float;
uniform vec3 color; uniform float width; uniform float alpha;
in float side; in float along; in float band;
out vec4 shown;
void main() {
  float inside = 1.0 - smoothstep(width * 0.5 - 0.5, width * 0.5 + 0.5, abs(side));
  float truth = band < 2.5 ? 1.0 : (fract(along * 55.0) < 0.5 ? 1.0 : 0.12) * (band < 3.5 ? 0.9 : band < 4.5 ? 0.75 : 0.6);
  float cover = inside * alpha * truth;
  if (cover < 0.01) discard;
  shown = vec4(color, cover);
}`,
};

/** Kinds of symbols: as on the map, a minimum is a disc, a saddle a cross, a maximum a triangle. */
export const Symbols = { ball: 0, start: 1, minimum: 2, saddle: 3, maximum: 4, point: 5 } as const;

export const SYMBOL = {
  vertexShader: `${HEAD}
uniform float ratio; uniform float lift;
in vec3 position; in vec3 tint; in vec2 look;
out vec3 body; flat out int kind; out float size;
void main() {
  body = tint; kind = int(look.x + 0.5); size = look.y * ratio;
  gl_Position = projectionMatrix * (modelViewMatrix * vec4(position, 1.0));
  gl_Position.z -= lift * gl_Position.w;
  gl_PointSize = size + 2.0;
}`,
  fragmentShader: `precision highp float;
uniform vec3 ink; uniform float alpha;
in vec3 body; flat in int kind; in float size;
out vec4 color;
float cross_(vec2 p, float arm, float thick) {
  vec2 q = abs(p);
  return min(max(q.x - arm, q.y - thick), max(q.y - arm, q.x - thick));
}
void main() {
  vec2 p = (gl_PointCoord - 0.5) * 2.0 * (1.0 + 2.0 / size); // the symbol fills [-1, 1]
  float soft = 1.5 / size;
  float away = length(p);
  float edge = 0.0; // distance to the outline, negative inside
  vec3 fill = body;
  float rim = 0.2;
  if (kind == 0) {
    edge = away - 1.0;
    vec3 normal = vec3(p.x, -p.y, sqrt(max(0.0, 1.0 - away * away)));
    float light = max(0.0, dot(normal, normalize(vec3(-0.5, 0.65, 0.6))));
    fill = body * (0.45 + 0.65 * light) + vec3(0.55) * pow(light, 24.0);
    rim = 0.0;
  } else if (kind == 1) { edge = abs(away - 0.72) - 0.24; fill = body; rim = 0.0; }
  else if (kind == 2) edge = away - 0.9;
  else if (kind == 3) { edge = cross_(vec2(p.x + p.y, p.x - p.y) * 0.7071, 0.95, 0.32); rim = 0.16; }
  else if (kind == 4) { vec2 q = vec2(abs(p.x), -p.y); edge = max(q.x * 0.866 + q.y * 0.5 - 0.42, -q.y - 0.6); }
  else { edge = cross_(p, 0.9, 0.24); rim = 0.13; }
  float cover = (1.0 - smoothstep(-soft, soft, edge)) * alpha;
  if (cover < 0.01) discard;
  color = vec4(mix(fill, ink, rim > 0.0 ? smoothstep(-rim - soft, -rim + soft, edge) : 0.0), cover);
}`,
};
