# D1. One processor had lzcnt with a VEX prefix; all others raise #UD.
function f
bad:    .byte 0xc5,0xfa,0xbd,0xc1
        ret
end f
