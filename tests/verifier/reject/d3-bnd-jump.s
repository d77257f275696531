# D3. f2 on a jump is a bounds check of MPX.
function f
bad:    .byte 0xf2,0xe9,0,0,0,0
        ret
end f
