# D5. d1 /6, an undocumented alias of shl.
function f
bad:    .byte 0xd1,0xf0
        ret
end f
