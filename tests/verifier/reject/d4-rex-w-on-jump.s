# D4. REX.W on a jump.
function f
bad:    .byte 0x48,0xe9,0,0,0,0
        ret
end f
