# D3. Only the last REX would count.
function f
bad:    .byte 0x41,0x48,0x89,0xc8
        ret
end f
