# D3. 66 has no meaning beside REX.W.
function f
bad:    .byte 0x66,0x48,0x89,0xc8
        ret
end f
