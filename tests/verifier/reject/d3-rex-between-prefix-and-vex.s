# D3. REX before VEX.
function f
bad:    .byte 0x48,0x40,0x90
        ret
end f
