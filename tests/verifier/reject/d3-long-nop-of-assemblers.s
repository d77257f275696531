# D3. data16 data16 cs nopw: the padding that assemblers emit by default.
function f
bad:    .byte 0x66,0x66,0x2e,0x0f,0x1f,0x84,0,0,0,0,0
        ret
end f
