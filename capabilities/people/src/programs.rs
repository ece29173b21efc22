//! What people may do about other programs that act for them. The capability `api` carries it out; whoever links to its pages stands to the
//! left of it, so the actions are declared here.

kit::reading!(
    /// Seeing one's own tokens.
    OwnTokens(()) = "api-token.own"
);
kit::action!(
    /// Ending a token of one's own.
    EndOwnToken(()) = "api-token.own"
);
kit::action!(
    /// Making a token.
    MakeToken(()) = "api-token.make"
);
kit::reading!(
    /// Seeing everybody's tokens, without the secrets.
    AnyTokens(()) = "api-token.any"
);
kit::action!(
    /// Ending anybody's token.
    EndAnyToken(()) = "api-token.any"
);
kit::reading!(
    /// Seeing which addresses are told of what.
    ReadWebhooks(()) = "webhook.read"
);
kit::action!(
    /// Having an address told of what happens: what a token could do that somebody took would outlive it.
    AddWebhooks(()) = "webhook.add"
);
kit::action!(
    /// Ending that, trying it, and sending again.
    ChangeWebhooks(()) = "webhook.change"
);
kit::reading!(
    /// Reading the access trail.
    ReadTrail(()) = "trail.read"
);
